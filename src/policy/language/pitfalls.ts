// Finds expressions that pass the type check but can't do what their author intended.
import {
  type ASTNode,
  type Environment as CelEnvironment,
  EvaluationError,
  serialize,
} from '@marcbachmann/cel-js';
import { STAGES } from '../facts/facts.js';
import type { EvaluableNode } from './macro.js';
import type { NodeOf } from './nodes.js';
import { calendarPitfall } from './calendar-pitfalls.js';
import { SETUP_MACRO } from './strict.js';
import { isTimeZone, unknownTimeZone } from './time-zone.js';

/** cel-js functions that rules can't use, with the reason. */
const REFUSED_FUNCTIONS: Readonly<Record<string, string>> = {
  matches:
    'matches() is not available, because a regular expression can take too long: use startsWith, endsWith or contains',
  dyn: 'dyn() is not available, because it disables type checking',
  [SETUP_MACRO]: `unknown function ${SETUP_MACRO}`,
};

/** @returns a message about the node itself, ignoring the nodes below it */
export function pitfallOf(node: ASTNode, environment: CelEnvironment): string | undefined {
  switch (node.op) {
    case 'call':
      return refusedFunction(node.args[0]) ?? invalidTime(node, environment);
    case 'rcall':
      return refusedFunction(node.args[0]) ?? timeZoneProblem(node);
    case '.':
    case '[]':
      return refusedMember(node);
    case 'id':
      return node.args === 'optional' ? 'unknown name "optional"' : undefined;
    case '&&':
    case '||':
      return dynamicOperand(node);
    case '==':
    case '!=':
    case 'in':
      return mixedTypes(node) ?? unknownStage(node) ?? calendarPitfall(node, environment);
    case '<':
    case '<=':
    case '>':
    case '>=':
      return calendarPitfall(node, environment);
    default:
      return undefined;
  }
}

function refusedFunction(name: string): string | undefined {
  return Object.hasOwn(REFUSED_FUNCTIONS, name) ? REFUSED_FUNCTIONS[name] : undefined;
}

/** A constant `timestamp()` or `duration()` that always fails. */
function invalidTime(node: NodeOf<'call'>, environment: CelEnvironment): string | undefined {
  const [name, [argument]] = node.args;
  if ((name !== 'timestamp' && name !== 'duration') || argument?.op !== 'value') return undefined;
  return errorOf(() => environment.evaluate(serialize(node)));
}

/** `now.getHours("Mars")` */
function timeZoneProblem({ args: [name, , args] }: NodeOf<'rcall'>): string | undefined {
  const zone = args[0]?.op === 'value' ? args[0].args : undefined;
  if (!/^get[A-Z]/.test(name) || typeof zone !== 'string' || isTimeZone(zone)) return undefined;
  return unknownTimeZone(zone);
}

function refusedMember({ args: [owner, member] }: NodeOf<'.' | '[]'>): string | undefined {
  if (typeof member !== 'string' && member.op !== 'value') {
    if (!isTable(owner)) return 'an index must be a number or a quoted string';
    return /^(?:|string|dyn.*)$/.test(typeOf(member)) ? undefined : 'the key of a table must be a string';
  }
  const name = typeof member === 'string' ? member : member.args;
  return name === 'apiKey' && serialize(owner) === 'config.extraInfo'
    ? 'config.extraInfo.apiKey is a secret, and rules can’t read it'
    : undefined;
}

/** `tables.limits`, even if there is no such table. */
function isTable(node: ASTNode): boolean {
  return (node.op === '.' || node.op === '[]') && serialize(node.args[0]) === 'tables';
}

function dynamicOperand({ op, args }: NodeOf<'&&' | '||'>): string | undefined {
  return args.some((operand) => typeOf(operand) === 'dyn')
    ? `each side of ${op} must be true or false, and a dynamic value may be neither: write == true`
    : undefined;
}

/** Operands that CEL treats as unequal because of their types. The rule would silently give the wrong result. */
function mixedTypes({ op, args }: NodeOf<'==' | '!=' | 'in'>): string | undefined {
  const [left, right] = [typeOf(args[0]), typeOf(args[1])];
  if (op !== 'in' && [left, right].some((type) => /^(list|map)\b/.test(type))) {
    return 'lists and maps can’t be compared as a whole: compare their entries';
  }
  if (op === 'in' && right.includes('dyn')) {
    return '"in" can’t search a dynamic list: write .exists(e, e == …)';
  }
  if (op === 'in' && /^(Decimal|TableValue)$/.test(left) && /^list<(int|double|string)>$/.test(right)) {
    return 'an amount is never equal to a number or a string: write in [decimal("1"), decimal("2")]';
  }
  const dynamicWith = (type: string): boolean =>
    (left.includes(type) && right.includes('dyn')) || (right.includes(type) && left.includes('dyn'));
  if (op === 'in' && dynamicWith('Decimal')) {
    return 'an amount can’t be compared with a dynamic value: write decimal(…) around the value';
  }
  if (dynamicWith('TableValue')) {
    return 'a value of a table can’t be compared with a dynamic value: write decimal(…) around both, or compare with a string';
  }
  if (op === 'in' && dynamicWith('Address')) {
    return 'an address of the transaction can’t be compared with a dynamic value';
  }
  return undefined;
}

/** `tx.stage == "sign"` */
function unknownStage({ args }: NodeOf<'==' | '!=' | 'in'>): string | undefined {
  if (!args.some((side) => serialize(side) === 'tx.stage')) return undefined;
  const literals = args
    .flatMap((side) => (side.op === 'list' ? side.args : [side]))
    .flatMap((side) => (side.op === 'value' ? [side.args] : []));
  const wrong = literals.find((literal) => !STAGES.some((stage) => stage === literal));
  return wrong === undefined
    ? undefined
    : `tx.stage is ${STAGES.map((stage) => `"${stage}"`).join(' or ')}, never ${JSON.stringify(String(wrong))}`;
}

/** The node's type; empty if the type check did not reach it. */
function typeOf(node: ASTNode & Pick<EvaluableNode, 'checkedType'>): string {
  return node.checkedType?.name ?? '';
}

function errorOf(evaluate: () => unknown): string | undefined {
  try {
    evaluate();
    return undefined;
  } catch (error) {
    return error instanceof EvaluationError ? error.summary : String(error);
  }
}
