import { join } from 'node:path';
import t from 'tap';
import { readPolicyFile } from '../../src/sources/file.js';

const signed = { for: 'policy.yaml', serial: 1, sha256: '0'.repeat(64), signatures: [] };

t.test('reads a policy, with the signatures beside it if there are any', async (t) => {
  const directory = t.testdir({
    'plain.yaml': 'version: 1',
    'signed.yaml': 'version: 1',
    'signed.yaml.sig': JSON.stringify(signed),
  });
  const plain = join(directory, 'plain.yaml');
  t.strictSame(await readPolicyFile(plain), { name: plain, value: 'version: 1' });
  const file = join(directory, 'signed.yaml');
  t.strictSame(await readPolicyFile(file), { name: file, value: 'version: 1', signed });
  const missing = join(directory, 'none.yaml');
  t.strictSame(await readPolicyFile(missing), { name: missing, value: undefined });
});

t.test('refuses signatures that are not in their format', async (t) => {
  for (const [content, message] of [
    ['', /not a file of signatures: it is/],
    ['{}', /not a file of signatures: for /],
    [JSON.stringify({ ...signed, serial: 0 }), /serial/],
  ] as const) {
    const file = join(t.testdir({ 'p.yaml': 'version: 1', 'p.yaml.sig': content }), 'p.yaml');
    await t.rejects(readPolicyFile(file), {
      name: 'PolicyError',
      problems: [{ file: `${file}.sig`, message }],
    });
  }
});
