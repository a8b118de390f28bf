import { type ASTNode, parse } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import t from 'tap';
import { nodesIn } from '../../../src/policy/language/nodes.js';
import { write } from '../../../src/policy/language/write.js';

const written = (source: string): string => write(parse(source).ast);

t.test('keeps the parentheses that matter, and drops the others', (t) => {
  for (const [source, expected] of [
    ['a - (b + c)', 'a - (b + c)'],
    ['(a - b) - c', 'a - b - c'],
    ['a == (b == c)', 'a == (b == c)'],
    ['(a == b) < c', '(a == b) < c'],
    ['(a || b) && (c && d)', '(a || b) && (c && d)'],
    ['!(a in ["x", 1]) && -(-b) > 1', '!(a in ["x", 1]) && -(-b) > 1'],
    ['(a ? b : c) ? d : e ? f : g', '(a ? b : c) ? d : e ? f : g'],
    [
      'x.y[0].all(d, d.z in l.m && has(d.q)) == {"k": [b"a"]}',
      'x.y[0].all(d, d.z in l.m && has(d.q)) == {"k": [b"a"]}',
    ],
    ['(a + b).size()', '(a + b).size()'],
  ] as const) {
    t.equal(written(source), expected);
  }
  t.end();
});

/** Everything but the positions. */
const shapeOf = (node: unknown): unknown => {
  if (Array.isArray(node)) return node.map(shapeOf);
  return typeof node === 'object' && node !== null && 'op' in node
    ? { op: node.op, args: shapeOf((node as ASTNode).args) }
    : typeof node === 'bigint'
      ? String(node)
      : node;
};

t.test('what is written means the same', (t) => {
  const { expression } = fc.letrec<{ expression: string }>((tie) => ({
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom('a', '1', '"s"', 'x.y'),
      fc
        .tuple(
          tie('expression'),
          fc.constantFrom('&&', '||', '==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'),
          tie('expression'),
        )
        .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
      tie('expression').map((operand) => `!(${operand})`),
      tie('expression').map((operand) => `-(${operand})`),
      tie('expression').map((operand) => `(${operand}).f(${operand})[0]`),
      fc.tuple(tie('expression'), tie('expression')).map(([yes, no]) => `(${yes}) ? (${no}) : (${yes})`),
    ),
  }));
  fc.assert(
    fc.property(expression, (source) => {
      const { ast } = parse(source);
      t.strictSame(shapeOf(parse(write(ast)).ast), shapeOf(ast), source);
    }),
    { numRuns: 200 },
  );
  t.end();
});

t.test('writes something else in the place of one node', (t) => {
  const { ast } = parse('a && (b || c)');
  const node = [...nodesIn(ast)].find(({ op }) => op === '||');
  t.equal(node && write(ast, { node, text: '(c)' }), 'a && (c)');
  t.end();
});
