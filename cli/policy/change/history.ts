// `npm run policy -- history`: every stored version of the policy, with who stored it and why.
import { parsePolicy } from '../../../src/policy/parse/file.js';
import { PolicyError } from '../../../src/policy/parse/problem.js';
import { explainError } from '../../aws/explain.js';
import { type ParameterVersion, readHistory } from '../../aws/parameter-history.js';
import { openSession, type Session } from '../../aws/session.js';
import { codeOf } from '../../../src/protocol/error.js';
import { reasonOf } from '../../command.js';
import { type OperatorOptions, printJson } from '../../operator-command.js';
import { columns, count, painter, shortHash } from '../../terminal.js';
import { readDescription } from './description.js';
import { genuine, signersIn } from './signatures.js';
import { readStored, type StoredText, type Unreadable } from './stored.js';

/** Characters of a reason that the table shows. */
const MAX_WHY = 60;

export interface HistoryEntry {
  readonly version: number;
  /** ISO 8601, UTC. */
  readonly modified: string | null;
  /** ARN. */
  readonly by: string | null;
  readonly why: string;
  /** Of the policy's text; null if it is unknown. */
  readonly sha256: string | null;
  /** Number of rules; null if the policy can't be read or used. */
  readonly rules: number | null;
  /** Why the policy can't be read or used. */
  readonly problem: string | null;
  readonly serial: number | null;
  readonly signers: readonly string[];
  /** Whether it lacks signatures that the environment asks for, so that the service refuses it. */
  readonly refused: boolean;
}

export async function showHistory(options: OperatorOptions): Promise<void> {
  const session = await openSession(options);
  const { policy, policyCandidate } = session.names.parameters;
  const [versions, [candidate]] = await Promise.all([
    readEntries(session, policy),
    readHistory(session, policyCandidate).then((history) => entriesOf(session, history.slice(0, 1))),
  ]);
  const [newest] = versions;
  const inForce = newest === undefined || newest.refused ? null : newest.version;
  if (options.json === true) {
    const { environment } = session;
    printJson({ environment, parameter: policy, inForce, versions, candidate: candidate ?? null });
    return;
  }
  process.stdout.write(`${linesOf(policy, versions, candidate).join('\n')}\n`);
}

async function readEntries(session: Session, parameter: string): Promise<readonly HistoryEntry[]> {
  return entriesOf(session, await readHistory(session, parameter));
}

/** The same text is often stored more than once, and is parsed once. */
async function entriesOf(
  session: Session,
  versions: readonly ParameterVersion[],
): Promise<readonly HistoryEntry[]> {
  const parsed = new Map<string, ReturnType<typeof contentOf>>();
  const signers = signersIn(session);
  return Promise.all(
    versions.map(async ({ version, value, modified, user, description }) => {
      const stored = await readOrExplain(session, value);
      const key = 'problem' in stored ? '' : stored.sha256;
      const content = (key === '' ? undefined : parsed.get(key)) ?? contentOf(stored);
      if (key !== '') parsed.set(key, content);
      const { why, by } = readDescription(description, stored.sha256);
      return {
        version,
        modified: modified?.toISOString() ?? null,
        by: user ?? by ?? null,
        why,
        sha256: stored.sha256 ?? null,
        ...content,
        serial: stored.signed?.serial ?? null,
        signers: stored.signed?.signatures.map(({ signer }) => signer) ?? [],
        refused: signers !== undefined && genuine(session, signers, stored) === undefined,
      };
    }),
  );
}

/** One version that can't be read must not hide the others. */
async function readOrExplain(session: Session, value: string): Promise<StoredText | Unreadable> {
  try {
    return await readStored(session, value);
  } catch (thrown) {
    const error = explainError(thrown, session.profile);
    if (codeOf(error) === undefined) throw error;
    return { problem: reasonOf(error), sha256: undefined, signed: undefined };
  }
}

function contentOf(stored: StoredText | Unreadable): Pick<HistoryEntry, 'rules' | 'problem'> {
  if ('problem' in stored) return { rules: null, problem: stored.problem };
  try {
    return { rules: parsePolicy(stored.text, '').rules.length, problem: null };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { rules: null, problem: `invalid: ${count(error.problems.length, 'problem')}` };
  }
}

function linesOf(
  parameter: string,
  versions: readonly HistoryEntry[],
  candidate: HistoryEntry | undefined,
): readonly string[] {
  if (versions.length === 0) return [`There is no policy at ${parameter}.`];
  const paint = painter(process.stdout);
  const [header = '', newest = '', ...earlier] = columns([
    ['version', 'stored', 'by', 'policy', 'rules', 'signed', 'why'],
    ...versions.map((entry) => [String(entry.version), ...rowOf(entry)]),
  ]);
  return [
    paint('bold', header.trimEnd()),
    versions[0]?.refused === true
      ? paint('red', `${newest.trimEnd()}  <- refused: not signed by enough signers`)
      : paint('green', `${newest.trimEnd()}  <- in force`),
    ...earlier.map((row) => row.trimEnd()),
    ...(candidate === undefined ? [] : ['', ...candidateLines(candidate)]),
  ];
}

function candidateLines(candidate: HistoryEntry): readonly string[] {
  return ['Candidate, which decides nothing:', ...columns([rowOf(candidate)]).map((row) => row.trimEnd())];
}

function rowOf({
  modified,
  by,
  sha256,
  rules,
  problem,
  serial,
  signers,
  why,
}: HistoryEntry): readonly string[] {
  return [
    modified === null ? '-' : `${modified.slice(0, 16).replace('T', ' ')} UTC`,
    by === null ? '-' : nameOf(by),
    sha256 === null ? '-' : shortHash(sha256),
    rules === null ? '-' : String(rules),
    serial === null ? '-' : `${serial}: ${signers.join(', ')}`,
    [...(problem === null ? [] : [`[${problem}]`]), why.length > MAX_WHY ? `${why.slice(0, MAX_WHY)}…` : why]
      .join(' ')
      .trim(),
  ];
}

/** @returns `alice` for `arn:aws:iam::123456789012:user/alice`; of an assumed role, its name and the session's */
export function nameOf(arn: string): string {
  const resource = arn.split(':').slice(5).join(':');
  return resource.replace(/^(user|assumed-role)\//, '') || arn;
}
