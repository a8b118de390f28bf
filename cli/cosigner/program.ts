// Defines `npm run cosigner`: simulates a Co-signer against a running handler.
import { join } from 'node:path';
import { Argument, type Command, InvalidArgumentError, Option } from 'commander';
import { createProgram, EXIT_FAILED, readText } from '../command.js';
import type { Output } from '../terminal.js';
import { LOCAL_KEY_DIRECTORY } from '../../src/config.js';
import { KEY_FILES } from '../../src/keys/directory.js';
import { codeOf } from '../../src/protocol/error.js';
import type { Kind } from '../../src/protocol/request.js';
import { type Cosigner, createCosigner, type Outcome } from './client.js';
import { readKeys } from './keys.js';
import { createPrinter } from './print.js';
import {
  type Payload,
  readPayload,
  samplePayload,
  TAMPERINGS,
  type Tampering,
  withFreshIds,
} from './request.js';

const DEFAULT_URL = 'http://127.0.0.1:3000';

const KINDS = { tx: 'transaction', config: 'configuration' } as const satisfies Record<string, Kind>;

interface CosignerCommandOptions {
  readonly file?: string;
  readonly keepIds?: boolean;
  readonly url: string;
  readonly ca?: string;
  readonly keys: string;
  readonly cosignerPrivateKey?: string;
  readonly callbackPublicKey?: string;
  readonly jsonMode?: boolean;
  readonly count: number;
  readonly tamper?: Tampering;
  readonly json?: boolean;
}

const HELP = `
Examples:
  npm run cosigner
  npm run cosigner -- config
  npm run cosigner -- --file examples/large-transfer.json
  npm run cosigner -- --file examples/large-transfer.json --keep-ids
  npm run cosigner -- --tamper zero

Exit code: 0 every response verified, 1 at least one not verified, 2 usage error or unreadable input.`;

/** @param stdout the stream to print requests and responses to */
export function createCosignerProgram(stdout: Output): Command {
  return createProgram(
    'cosigner',
    'Sends requests to a callback handler as a Co-signer does, and verifies the responses.',
  )
    .addArgument(
      new Argument('[kind]', 'tx for a transaction, config for a configuration change')
        .choices(Object.keys(KINDS))
        .default('tx'),
    )
    .option('--file <file>', 'JSON payload, sent with new ids (default: a published sample)')
    .option('--keep-ids', 'send the ids in the file, so that the same request can be sent again')
    .addOption(new Option('--url <url>', 'base URL of the handler').default(DEFAULT_URL).argParser(parseUrl))
    .option('--ca <file>', 'PEM file with the CA certificate for an https URL')
    .option(
      '--keys <directory>',
      'directory with the keys for both sides; npm start creates it',
      LOCAL_KEY_DIRECTORY,
    )
    .option(
      '--cosigner-private-key <file>',
      `the Co-signer's key, PEM (default: ${KEY_FILES.cosignerPrivate} in --keys)`,
    )
    .option(
      '--callback-public-key <file>',
      `the handler's key, PEM (default: ${KEY_FILES.callbackPublic} in --keys)`,
    )
    .option('--json-mode', 'send and expect plain JSON, for a handler with CALLBACK_AUTH=json')
    .addOption(
      new Option('--count <number>', 'number of requests to send, one after the other')
        .default(1)
        .argParser(parseCount),
    )
    .addOption(
      new Option('--tamper <how>', 'send a token that the handler must reject')
        .choices(TAMPERINGS)
        .conflicts('jsonMode'),
    )
    .option('--json', 'print one JSON object for each request')
    .addHelpText('after', HELP)
    .action((kind: keyof typeof KINDS, options: CosignerCommandOptions) =>
      sendRequests(stdout, KINDS[kind], options),
    );
}

function parseUrl(url: string): string {
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw new InvalidArgumentError('Use an http or https URL.');
  }
  return url;
}

function parseCount(count: string): number {
  if (!/^[1-9]\d{0,6}$/.test(count)) throw new InvalidArgumentError('Use a whole number from 1 to 9999999.');
  return Number(count);
}

async function sendRequests(stdout: Output, kind: Kind, options: CosignerCommandOptions): Promise<void> {
  const { file, keepIds = false, count, json = false, tamper } = options;
  const cosigner = cosignerFor(options);
  const fixedPayload = file === undefined ? undefined : readPayload(file);
  const print = createPrinter({ stream: stdout, json, brief: count > 1 });
  let verified = 0;
  const startedAt = performance.now();
  for (let sent = 0; sent < count; sent++) {
    const payload =
      fixedPayload === undefined ? samplePayload(kind) : keepIds ? fixedPayload : withFreshIds(fixedPayload);
    print.request(kind, payload, cosigner.urlOf(kind));
    const outcome = await sendRequest(cosigner, kind, payload, tamper);
    print.outcome(payload, outcome);
    if (outcome.answer !== undefined) verified++;
  }
  if (count > 1) print.summary({ sent: count, verified, seconds: (performance.now() - startedAt) / 1000 });
  cosigner.close();
  if (verified < count) process.exitCode = EXIT_FAILED;
}

/** @throws {InputError} if a key or the CA can't be read */
function cosignerFor({
  url,
  ca,
  jsonMode,
  keys,
  cosignerPrivateKey = join(keys, KEY_FILES.cosignerPrivate),
  callbackPublicKey = join(keys, KEY_FILES.callbackPublic),
}: CosignerCommandOptions): Cosigner {
  return createCosigner({
    url,
    ...(ca !== undefined && { ca: readText(ca) }),
    ...(!jsonMode && { keys: readKeys(cosignerPrivateKey, callbackPublicKey) }),
  });
}

/** @returns an outcome with status 0 if there is no response */
async function sendRequest(
  cosigner: Cosigner,
  kind: Kind,
  payload: Payload,
  tampering: Tampering | undefined,
): Promise<Outcome> {
  const startedAt = performance.now();
  try {
    return await cosigner.send(kind, payload, tampering);
  } catch (error) {
    const problem =
      codeOf(error) === 'ECONNREFUSED'
        ? 'connection refused: start the handler with "npm start"'
        : `no response: ${error instanceof Error ? error.message : String(error)}`;
    return { status: 0, body: '', durationMs: performance.now() - startedAt, problem };
  }
}
