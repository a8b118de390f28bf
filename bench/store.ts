// `npm run bench -- store`: measures what the embedded store costs of the throughput, and what the console costs
// beside it, with a policy that can hold requests. All requests differ, because a
// request that has been answered is answered by what is stored.
import { sign } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Payload, samplePayload } from '../cli/cosigner/request.js';
import { freePort } from '../test/helpers/port.js';
import { atLeast, type Check, none, percent } from './limits.js';
import { median } from './measure.js';
import { clearProgress, showProgress } from './progress.js';
import { measureRound, type Round } from './throughput/round.js';
import { createTargets, type RunningTarget, withRunning } from './throughput/targets.js';

const ROUNDS = 7;
const ROUND_SECONDS = 2;
const CONNECTIONS = 16;
/** More than a fast machine answers in a round. */
const TOKENS = 12_000;
/** Signed at the same time. */
const BATCH = 64;
const MEMORY = '/dev/shm';
/** More than the stores need, in bytes. */
const NEEDED = 3 * 1024 ** 3;
/** In memory, where there is room: how long a disk takes is not what is measured. */
const DIRECTORY = hasRoom(MEMORY) ? MEMORY : tmpdir();
/** 71 to 72 % was measured with Node.js 24, and 64 % with Node.js 20, in rounds that differ by a few percent. */
const MIN_THROUGHPUT = Number(process.versions.node.split('.')[0]) >= 24 ? 0.65 : 0.55;
/** What the console may cost of the throughput with the store. */
const MIN_WITH_CONSOLE = 0.95;

/** The same decisions as by the initial policy, but each could have been one about a request that is held. */
const HOLDING_POLICY = `version: 1
approvers:
  alice: { name: Alice Example }
  bob: { name: Bob Example }
holds:
  treasury: { of: [alice, bob], quorum: 2 }
rules:
  - { id: mints, for: transaction, when: 'tx.operation == "MINT"', action: hold, hold: treasury }
`;

const signAsync = promisify(sign);

export async function measureStore(): Promise<readonly Check[]> {
  const directory = mkdtempSync(join(DIRECTORY, 'callback-handler-store-'));
  try {
    const { createHandler } = createTargets(directory);
    const storeIn = (name: string) => ({ STORE_PATH: join(directory, name), CONSOLE_PORT: 'off' });
    const consolePort = { CONSOLE_PORT: String(await freePort()) };
    const targets = [
      await createHandler('with', { tokens: 1, env: storeIn('store') }),
      await createHandler('without', { tokens: 1 }),
      await createHandler('console', {
        ...{ tokens: 1, policy: HOLDING_POLICY },
        env: { ...storeIn('held-store'), ...consolePort },
      }),
    ];
    return await withRunning(targets, measure);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

async function measure(targets: readonly RunningTarget[]): Promise<readonly Check[]> {
  const rounds = targets.map((): Round[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    showProgress(`round ${round} of ${ROUNDS}`);
    for (const [place, target] of targets.entries()) {
      await writeTokens(target);
      const measured = await measureRound(target, CONNECTIONS, ROUND_SECONDS);
      if (measured.answered > TOKENS)
        throw new Error(`${measured.answered} answers: sign more tokens than ${TOKENS}`);
      // The first one warms up.
      if (round > 0) rounds[place]?.push(measured);
    }
  }
  clearProgress();
  const [withStore = [], without = [], withConsole = []] = rounds;
  const [rate, otherRate, consoleRate] = [withStore, without, withConsole].map((all) =>
    median(all.map(({ perSecond }) => perSecond)).toFixed(0),
  );
  const wrong = rounds.flat().reduce((sum, round) => sum + round.wrong, 0);
  return [
    atLeast(
      `throughput at ${CONNECTIONS} connections with the embedded store (${rate} of ${otherRate} requests/s)`,
      ratioOf(withStore, without),
      MIN_THROUGHPUT,
      percent,
    ),
    atLeast(
      `of that, with the console and a policy that holds (${consoleRate} of ${rate} requests/s)`,
      ratioOf(withConsole, withStore),
      MIN_WITH_CONSOLE,
      percent,
    ),
    none('wrong or missing answers', wrong),
  ];
}

/** @returns the median of the rounds' ratios */
function ratioOf(rounds: readonly Round[], others: readonly Round[]): number {
  return median(rounds.map(({ perSecond }, place) => perSecond / (others[place]?.perSecond ?? NaN)));
}

function hasRoom(directory: string): boolean {
  if (!existsSync(directory)) return false;
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= NEEDED;
}

/** Replaces the tokens to send. */
async function writeTokens({ tokenFile, keys }: RunningTarget): Promise<void> {
  const tokens: string[] = [];
  while (tokens.length < TOKENS) {
    const batch = Array.from({ length: BATCH }, async () => {
      const input = signingInput(samplePayload('transaction'));
      const signature = await signAsync('sha256', Buffer.from(input), keys.privateKey);
      return `${input}.${signature.toString('base64url')}`;
    });
    tokens.push(...(await Promise.all(batch)));
  }
  writeFileSync(tokenFile, tokens.join('\n'));
}

function signingInput(payload: Payload): string {
  return [{ alg: 'RS256', typ: 'JWT' }, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
}
