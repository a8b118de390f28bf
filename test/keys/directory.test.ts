import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { directoryKeySource, KEY_FILES, createMissingKeys } from '../../src/keys/directory.js';
import { importCallbackKey, importCosignerKeys } from '../../src/protocol/key.js';

t.test('creates both key pairs on first use, readable by their owner only', async (t) => {
  const directory = join(t.testdir(), 'a', 'keys');
  await createMissingKeys(directory);
  t.equal(statSync(directory).mode & 0o777, 0o700);
  for (const file of Object.values(KEY_FILES)) {
    t.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  }
  const stored = await directoryKeySource(directory)();
  t.ok(importCallbackKey(stored.callbackPrivateKey.value ?? ''));
  t.equal(importCosignerKeys(stored.cosignerPublicKeys.value ?? '').length, 1);
});

t.test('does not change existing keys', async (t) => {
  const directory = join(t.testdir(), 'keys');
  await createMissingKeys(directory);
  const before = readFileSync(join(directory, KEY_FILES.callbackPrivate), 'utf8');
  await createMissingKeys(directory);
  t.equal(readFileSync(join(directory, KEY_FILES.callbackPrivate), 'utf8'), before);
});

t.test('does not complete a key pair if one of its files exists', async (t) => {
  const directory = t.testdir({ [KEY_FILES.cosignerPublic]: 'the operator’s own' });
  await createMissingKeys(directory);
  t.equal(readFileSync(join(directory, KEY_FILES.cosignerPublic), 'utf8'), 'the operator’s own');
  t.notOk(readdirSync(directory).includes(KEY_FILES.cosignerPrivate));
});

t.test('reports a missing file as a missing key with its path', async (t) => {
  const directory = t.testdir();
  t.strictSame(await directoryKeySource(directory)(), {
    callbackPrivateKey: { name: join(directory, KEY_FILES.callbackPrivate), value: undefined },
    cosignerPublicKeys: { name: join(directory, KEY_FILES.cosignerPublic), value: undefined },
  });
});

t.test('rejects a file that can’t be read', async (t) => {
  const directory = t.testdir({ [KEY_FILES.callbackPrivate]: {} });
  await t.rejects(directoryKeySource(directory)(), {
    name: 'SourceError',
    message: /callback_private\.pem can't be read/,
    transient: false,
  });
  rmSync(join(directory, KEY_FILES.callbackPrivate), { recursive: true });
  writeFileSync(join(directory, KEY_FILES.callbackPrivate), '');
  t.equal((await directoryKeySource(directory)()).callbackPrivateKey.value, '');
});
