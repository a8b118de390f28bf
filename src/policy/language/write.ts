// Writes a parsed expression as text, also with a part replaced. The `serialize` of cel-js drops parentheses that
// matter: it writes `a - (b + c)` as `a - b + c`.
import { type ASTNode, type ASTOperator, serialize } from '@marcbachmann/cel-js';

/** How tightly an operator binds; what is not listed never needs parentheses. */
const PRECEDENCE: Readonly<Partial<Record<ASTOperator, number>>> = {
  '?:': 1,
  '||': 2,
  '&&': 3,
  ...{ '==': 4, '!=': 4 },
  ...{ '<': 5, '<=': 5, '>': 5, '>=': 5, in: 5 },
  ...{ '+': 6, '-': 6 },
  ...{ '*': 7, '/': 7, '%': 7 },
  ...{ '!_': 8, '-_': 8 },
};
const TIGHTEST = 9;

/** What to write instead of a node. Operators in it need parentheses of their own. */
export interface Replacement {
  readonly node: ASTNode;
  readonly text: string;
}

export function write(node: ASTNode, replaced?: Replacement): string {
  if (node === replaced?.node) return replaced.text;
  const inner = (child: ASTNode): string => write(child, replaced);
  const operand = (child: ASTNode, atLeast: number): string => {
    const isLoose = child !== replaced?.node && (PRECEDENCE[child.op] ?? TIGHTEST) < atLeast;
    return isLoose ? `(${inner(child)})` : inner(child);
  };
  const own = PRECEDENCE[node.op] ?? TIGHTEST;
  switch (node.op) {
    case 'value':
    case 'id':
      return serialize(node);
    case '!_':
    case '-_':
      return `${node.op.slice(0, 1)}${operand(node.args, TIGHTEST)}`;
    case '.':
    case '.?':
      return `${operand(node.args[0], TIGHTEST)}${node.op}${node.args[1]}`;
    case '[]':
    case '[?]':
      return `${operand(node.args[0], TIGHTEST)}${node.op.slice(0, -1)}${inner(node.args[1])}]`;
    case 'call':
      return `${node.args[0]}(${node.args[1].map(inner).join(', ')})`;
    case 'rcall':
      return `${operand(node.args[1], TIGHTEST)}.${node.args[0]}(${node.args[2].map(inner).join(', ')})`;
    case 'list':
      return `[${node.args.map(inner).join(', ')}]`;
    case 'map':
      return `{${node.args.map(([key, value]) => `${inner(key)}: ${inner(value)}`).join(', ')}}`;
    case '?:': {
      const [condition, yes, no] = node.args;
      return `${operand(condition, own + 1)} ? ${operand(yes, own + 1)} : ${inner(no)}`;
    }
    default:
      // All of these group from the left.
      return `${operand(node.args[0], own)} ${node.op} ${operand(node.args[1], own + 1)}`;
  }
}
