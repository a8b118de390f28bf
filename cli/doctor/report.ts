// Runs the checks, and finds the one thing to fix next.
import { explainedError } from '../deploy/parameter-status.js';
import { DeployError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import { type Check, type Finding, type State, STATES } from './check.js';
import { NotChecked } from './not-checked.js';
import { createScene, type Scene } from './scene.js';

/** Enough that the checks take seconds, and few enough that AWS does not throttle them. */
const MOST_AT_ONCE = 6;

export interface CheckResult {
  readonly check: string;
  /** The worst of its findings. */
  readonly state: State;
  readonly hint: boolean;
  readonly findings: readonly Finding[];
}

export interface Report {
  readonly environment: string;
  readonly account: string;
  readonly region: string;
  /** Undefined on AWS itself. */
  readonly endpoint: string | undefined;
  /** From outside in. */
  readonly checks: readonly CheckResult[];
  /** Whether everything could be checked, and nothing is wrong. */
  readonly well: boolean;
  /** The first that is wrong, from outside in; if nothing is, the first that could not be checked. */
  readonly next: { readonly check: string; readonly problem: string; readonly next: string } | undefined;
}

/** A check that fails costs its own result only. */
export async function examine(session: Session, checks: readonly Check[]): Promise<Report> {
  const scene = createScene(session);
  const results = await inParallel(checks, (check) => runCheck(scene, check));
  const counted = results.filter(({ hint }) => !hint);
  const first =
    counted.find(({ state }) => state === 'wrong') ?? counted.find(({ state }) => state === 'unknown');
  const finding = first?.findings.find(({ state }) => state === first.state);
  const { environment, account, region, emulated } = session;
  return {
    environment,
    account,
    region,
    endpoint: emulated ? process.env['AWS_ENDPOINT_URL'] : undefined,
    checks: results,
    well: first === undefined,
    next:
      first === undefined || finding === undefined
        ? undefined
        : { check: first.check, problem: finding.text, next: finding.next ?? '' },
  };
}

async function runCheck(scene: Scene, check: Check): Promise<CheckResult> {
  const { name, hint = false } = check;
  const findings = await findingsOf(scene, check);
  const state = STATES.findLast((each) => findings.some((finding) => finding.state === each)) ?? 'unknown';
  return { check: name, state, hint, findings };
}

async function findingsOf(scene: Scene, { needs = [], run }: Check): Promise<readonly Finding[]> {
  try {
    for (const name of needs) {
      if ((await scene.stack(name)) === undefined) {
        throw new NotChecked(`there is nothing to check, because the stack ${name} is not deployed`);
      }
    }
    return await run(scene);
  } catch (error) {
    if (error instanceof NotChecked) return [{ state: 'unknown', text: error.message }];
    const explained = explainedError(error, scene.session);
    const next = explained instanceof DeployError ? explained.next : '';
    return [{ state: 'unknown', text: explained.message, next }];
  }
}

/** Keeps the order. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  let taken = 0;
  const work = async (): Promise<void> => {
    for (let index = taken++; index < items.length; index = taken++) {
      const item = items[index];
      if (item !== undefined) results[index] = await run(item);
    }
  };
  await Promise.all(Array.from({ length: MOST_AT_ONCE }, work));
  return results;
}
