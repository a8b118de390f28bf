// Tests files that only their owner may read.
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readPrivateFile, writePrivateFile } from '../../../cli/aws/private-files.js';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

t.test('creates the directory and the file with access for their owner only', async (t) => {
  const directory = join(t.testdir(), 'keys', 'dev');
  await writePrivateFile(join(directory, 'key.pem'), 'one');
  t.equal(modeOf(directory), 0o700);
  t.equal(modeOf(join(directory, 'key.pem')), 0o600);
  t.equal(await readPrivateFile(join(directory, 'key.pem')), 'one');
  t.equal(await readPrivateFile(join(directory, 'other.pem')), undefined);
});

t.test('restricts access to an existing directory and file on every write and read', async (t) => {
  const directory = join(t.testdir(), 'keys');
  const file = join(directory, 'key.pem');
  mkdirSync(directory, { mode: 0o755 });
  writeFileSync(file, 'one', { mode: 0o644 });
  chmodSync(directory, 0o755);
  await writePrivateFile(file, 'two');
  t.strictSame([modeOf(directory), modeOf(file)], [0o700, 0o600]);
  t.equal(readFileSync(file, 'utf8'), 'two');
  t.strictSame(readdirSync(directory), ['key.pem'], 'leaves no temporary file');

  chmodSync(directory, 0o755);
  chmodSync(file, 0o644);
  t.equal(await readPrivateFile(file), 'two');
  t.strictSame([modeOf(directory), modeOf(file)], [0o700, 0o600]);
});
