// Tests that the documents describe all warnings, and show one as it is printed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { adviceCount, adviceLines } from '../../../../cli/policy/advice/text.js';
import { ROOT } from '../../../helpers/cli.js';
import { advise } from './policies.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const ADVICE = join(ROOT, 'cli/policy/advice');

t.test('the reference lists the code of each warning', (t) => {
  const sources = readdirSync(ADVICE, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const files = [
    ...sources.map((name) => join(ADVICE, name)),
    join(ROOT, 'src/policy/parse/hold-warnings.ts'),
  ];
  const codes = files.flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/\bcode: (.*)/g)].flatMap(([, value = '']) =>
      [...value.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].flatMap(([, code = '']) =>
        code === 'lists' ? [] : [code],
      ),
    ),
  );
  const [, section = ''] = read('docs/policy-reference.md').split('## Warnings');
  const documented = [...section.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, code]) => code);
  t.strictSame([...new Set(codes)].sort(), documented.sort());
  t.end();
});

t.test('the guide shows a warning as it is printed', (t) => {
  const { advice } = advise(
    read('examples/local-policy.yaml').replace('destinations.all(d, d in', 'destinations.exists(d, d in'),
  );
  const shown = /```text\n(policy\.yaml:[^]*?)```/.exec(read('POLICY.md'))?.[1] ?? '';
  t.ok(shown.startsWith(adviceLines((_style, text) => text, advice).join('\n')));
  t.ok(shown.endsWith(`; ${adviceCount(advice)}\n`));
  t.end();
});

t.test('nothing in the guide and the examples has a warning, but for the passkey that is missing', (t) => {
  const [, guide = ''] = /```yaml\n(.*?)```/s.exec(read('POLICY.md')) ?? [];
  const shipped = read('policy.yaml');
  const examples = readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(?<!\.cases|typo)\.yaml$/.test(name),
  );
  t.ok(examples.length >= 3);
  const policies = [
    ...[guide, shipped, shipped.replace(/^( +)# /gm, '$1')],
    ...examples.map((name) => read(`examples/${name}`)),
  ];
  for (const text of policies) {
    const codes = advise(text).advice.map(({ code }) => code);
    t.strictSame(codes, text.includes('passkeys: []') ? ['hold-too-few'] : [], text.slice(0, 60));
  }
  t.end();
});
