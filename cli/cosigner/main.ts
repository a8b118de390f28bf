// `npm run cosigner`: plays the Co-signer against a running handler.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reasonOf, runCommand, UsageError } from '../command.js';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { KEY_FILES } from '../../src/keys/directory.js';
import type { Kind } from '../../src/protocol/request.js';
import { type Cosigner, type CosignerKeys, createCosigner, type Outcome } from './client.js';
import { readKeys } from './keys.js';
import { printer } from './print.js';
import { type Payload, readPayload, samplePayload, TAMPERINGS, type Tampering } from './request.js';

const USAGE = `Asks a callback handler for a decision, as a Co-signer would, and verifies the answer.

Usage: npm run cosigner -- [tx|config] [options]

  tx, config                     a transaction (default) or a configuration change
  --file FILE                    payload to send as it is, JSON; default: the published sample, with fresh ids
  --url URL                      base URL of the handler; default: http://127.0.0.1:3000
  --ca FILE                      the CA that an https URL's certificate must come from, PEM
  --keys DIR                     directory with both sides' keys; default: ${LOCAL_KEY_DIRECTORY}
  --cosigner-private-key FILE    the Co-signer's key, PEM; default: ${KEY_FILES.cosignerPrivate} in --keys
  --callback-public-key FILE     the handler's key, PEM; default: ${KEY_FILES.callbackPublic} in --keys
  --json-mode                    plain JSON both ways, for a handler with CALLBACK_AUTH=json
  --count N                      how many requests to send, one after the other; default: 1
  --tamper HOW                   send what a handler must refuse: ${TAMPERINGS.join(', ')}
  --json                         print one JSON object a request
  --help                         print this

Exit code: 0 every answer verified, 1 one was not, 2 wrong usage.
`;

interface Command {
  readonly kind: Kind;
  readonly cosigner: Cosigner;
  /** Made anew for each request. */
  readonly payload: () => Payload;
  readonly tampering: Tampering | undefined;
  readonly count: number;
  readonly json: boolean;
  readonly signed: boolean;
}

async function main(): Promise<number> {
  const command = readCommand(process.argv.slice(2));
  if (command === undefined) {
    process.stdout.write(USAGE);
    return 0;
  }
  const { kind, cosigner, payload, tampering, count, json, signed } = command;
  const print = printer({ stream: process.stdout, json, brief: count > 1, signed });
  let verified = 0;
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent++) {
    const request = payload();
    print.request(kind, request, cosigner.urlOf(kind));
    const outcome = await askOrExplain(cosigner, kind, request, tampering);
    print.outcome(request, outcome);
    if (outcome.answer !== undefined) verified++;
  }
  if (count > 1) print.summary({ sent: count, verified, seconds: (performance.now() - startedAt) / 1000 });
  cosigner.close();
  return verified === count ? 0 : 1;
}

async function askOrExplain(
  cosigner: Cosigner,
  kind: Kind,
  request: Payload,
  tampering: Tampering | undefined,
): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    return await cosigner.ask(kind, request, tampering);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
    const problem =
      code === 'ECONNREFUSED'
        ? 'nothing listens there: start the handler with "npm start"'
        : `no reply: ${error instanceof Error ? error.message : String(error)}`;
    return { status: 0, body: '', durationMs: performance.now() - startedAt, problem };
  }
}

function readCommand(args: string[]): Command | undefined {
  const { values, positionals } = parse(args);
  if (values.help) return undefined;

  const [word = 'tx', ...more] = positionals;
  if (more.length > 0 || (word !== 'tx' && word !== 'config')) {
    throw new UsageError(`"${[word, ...more].join(' ')}" is neither tx nor config`);
  }
  const kind: Kind = word === 'tx' ? 'transaction' : 'configuration';

  if (!/^[1-9]\d{0,6}$/.test(values.count))
    throw new UsageError('--count takes a whole number from 1 to 9999999');
  const tampering = TAMPERINGS.find((known) => known === values.tamper);
  if (values.tamper !== undefined && tampering === undefined) {
    throw new UsageError(`--tamper takes one of ${TAMPERINGS.join(', ')}`);
  }
  const json = values['json-mode'];
  if (json && tampering !== undefined)
    throw new UsageError('--tamper has no use in JSON mode: nothing is signed');
  if (!/^https?:/.test(values.url) || !URL.canParse(values.url)) {
    throw new UsageError(`--url takes an http or https URL, not "${values.url}"`);
  }

  const { file, ca } = values;
  return {
    kind,
    cosigner: createCosigner({
      url: values.url,
      ...(ca !== undefined && { ca: readOr(`--ca ${ca}`, () => readFileSync(ca, 'utf8')) }),
      ...(!json && { keys: readGivenKeys(values) }),
    }),
    payload: file === undefined ? () => samplePayload(kind) : sent(file),
    tampering,
    count: Number(values.count),
    json: values.json,
    signed: !json,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        file: { type: 'string' },
        url: { type: 'string', default: 'http://127.0.0.1:3000' },
        ca: { type: 'string' },
        keys: { type: 'string', default: LOCAL_KEY_DIRECTORY },
        'cosigner-private-key': { type: 'string' },
        'callback-public-key': { type: 'string' },
        'json-mode': { type: 'boolean', default: false },
        count: { type: 'string', default: '1' },
        tamper: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}

function sent(file: string): () => Payload {
  const payload = readOr(`--file ${file}`, () => readPayload(file));
  return () => payload;
}

function readGivenKeys(values: ReturnType<typeof parse>['values']): CosignerKeys {
  const { keys, 'cosigner-private-key': privateFile, 'callback-public-key': publicFile } = values;
  try {
    return readKeys(
      privateFile ?? join(keys, KEY_FILES.cosignerPrivate),
      publicFile ?? join(keys, KEY_FILES.callbackPublic),
    );
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}

function readOr<Value>(what: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    throw new UsageError(`${what} can't be used: ${reasonOf(error)}`);
  }
}

await runCommand('cosigner', main);
