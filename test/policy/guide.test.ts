// Tests that the policies in POLICY.md are valid and match the examples.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { ROOT } from '../helpers/cli.js';

const guide = readFileSync(`${ROOT}POLICY.md`, 'utf8');

t.test('the first policy in the guide is valid', (t) => {
  const [, text = ''] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
  t.strictSame(
    parsePolicy(text, 'POLICY.md').rules.map(({ id }) => id),
    ['blocked-address', 'small-internal'],
  );
  t.end();
});

t.test('the guide lists the same worked rules as the example', (t) => {
  const rules = readFileSync(`${ROOT}examples/worked-rules.yaml`, 'utf8');
  const table = guide.replaceAll('&#124;', '|').replaceAll(/<\/?code>/g, '`');
  for (const { id, when, action } of parsePolicy(rules, 'worked-rules.yaml').rules) {
    if (when === 'true') continue;
    t.ok(table.includes(`| \`${when.replaceAll(/\s+/g, ' ')}\` | ${action.toLowerCase()} |`), id);
  }
  t.end();
});
