// Tests with random policies that advice has a place in the file, and does not depend on how a condition is nested.
import fc from 'fast-check';
import t from 'tap';
import { adviseOn } from '../../../../cli/policy/advice/advice.js';
import { parsePolicy } from '../../../../src/policy/parse/file.js';
import { policyTexts } from './reach/generate.js';
import { advise, approve } from './policies.js';

t.test('places each warning in the file', (t) => {
  fc.assert(
    fc.property(policyTexts, (text) => {
      const lines = text.split('\n');
      return adviseOn(parsePolicy(text, 'p'), text, 'p').every(
        ({ line, column, message, advice, excerpt, caret }) =>
          column <= (lines[line - 1]?.length ?? 0) + 1 &&
          (lines[line - 1] ?? '').includes(excerpt) &&
          caret <= excerpt.length &&
          ![message, advice].some((part) => part === '' || part.includes('undefined')),
      );
    }),
    { numRuns: 100 },
  );
  t.end();
});

/** What makes an approval harmless, and the warning without it. */
const PARTS = [
  ['tx.operation == "TRANSFER"', 'operation-open'],
  ['tx.destinations.all(d, d in lists.payees)', 'destinations-open'],
  ['tx.amount <= tables.limits[tx.asset]', 'amount-open'],
] as const;

t.test('finds what one way of several leaves open, however the condition is nested', (t) => {
  const negated = (part: string): string => `!(!(${part}))`;
  const compared = (part: string): string => `(${part}) == true`;
  const chosen = (part: string): string => `(has(tx.note) ? ${part} : ${part})`;
  const forms = fc.constantFrom((part: string) => part, negated, compared, chosen);
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...PARTS], { minLength: 3 }),
      fc.array(forms, { minLength: 3, maxLength: 3 }),
      fc.nat(2),
      (parts, written, missing) => {
        const conditions = parts.map(([part], index) => written[index]?.(part) ?? part);
        const [, code = ''] = parts[missing] ?? [];
        const way = `(${conditions[missing]} || tx.sourceId == "7")`;
        const open = conditions.map((condition, index) => (index === missing ? way : condition)).join(' && ');
        const codes = advise(approve(open)).advice.map((each) => each.code);
        return codes.includes(code) && advise(approve(conditions.join(' && '))).advice.length === 0;
      },
    ),
    { numRuns: 100 },
  );
  t.end();
});
