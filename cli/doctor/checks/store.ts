// Checks the store: the table, and the archive with its lock.
import { GetBucketVersioningCommand } from '@aws-sdk/client-s3';
import { isAwsError } from '../../aws/error.js';
import { awsCommand, npmCommand } from '../../aws/printed-commands.js';
import { describeLock, isLocked, readArchiveLock } from '../../deploy/retention-status.js';
import { lockAdvice, recoveryAdvice } from '../../deploy/status-warnings.js';
import { readStore } from '../../deploy/store-status.js';
import { type Finding, unlessAny, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import type { Scene } from '../scene.js';

/** The handler seals once a minute; the alarm `unsealed` waits for ten. */
const SEALED_WITHIN_MS = 10 * 60_000;

export async function table({ session }: Scene): Promise<readonly Finding[]> {
  const { table: name, state, pointInTimeRecovery, deletionProtection, problem } = await readStore(session);
  if (state === 'unknown') throw new NotChecked(problem ?? `${name} could not be read`);
  if (state === 'missing') {
    const next = `see "Restore the table" in DEPLOYMENT.md; first, stop decisions: ${npmCommand(session, 'policy', 'stop')}`;
    return [wrong(`${name} does not exist: every request gets RETRY`, next)];
  }
  const problems: Finding[] = [];
  if (state !== 'ACTIVE' && state !== 'UPDATING') {
    problems.push(wrong(`${name} is ${state}`, 'wait for a minute, then run the doctor again'));
  }
  if (!pointInTimeRecovery) {
    problems.push(wrong(`point-in-time recovery of ${name} is off`, recoveryAdvice(session, name)));
  }
  if (session.production && !deletionProtection) {
    const next = awsCommand(
      session,
      `dynamodb update-table --table-name ${name} --deletion-protection-enabled`,
    );
    problems.push(wrong(`${name} is not protected against deletion`, next));
  }
  return unlessAny(problems, `${name} is ${state}, with point-in-time recovery`);
}

export async function archive(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const [archiveLock, { sealed, problem, state }] = await Promise.all([
    readArchiveLock(session),
    readStore(session),
  ]);
  const { bucket, lock, expected } = archiveLock;
  const versioned = await isVersioned(scene, bucket);
  if (versioned === undefined) {
    return [
      wrong(`${bucket} does not exist`, 'see "The store" in DEPLOYMENT.md, and find out who deleted it'),
    ];
  }
  const problems: Finding[] = [];
  if (!versioned) {
    const next = awsCommand(
      session,
      `s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`,
    );
    problems.push(wrong(`${bucket} keeps no versions, so that nothing is locked`, next));
  }
  if (!isLocked(archiveLock)) {
    const text = `new objects in ${bucket} get ${describeLock(lock)}; the settings specify ${describeLock(expected)}`;
    problems.push(wrong(text, lockAdvice(session, archiveLock)));
  }
  if (problem !== undefined && state !== 'unknown') problems.push({ state: 'unknown', text: problem });
  problems.push(...(await sealProblems(scene, sealed)));
  return unlessAny(problems, `${describeLock(lock)}; sealed: ${sealed ?? 'nothing yet'}`);
}

/** @returns undefined if the bucket does not exist */
async function isVersioned({ session }: Scene, Bucket: string): Promise<boolean | undefined> {
  try {
    const { Status } = await session.aws.s3.send(new GetBucketVersioningCommand({ Bucket }));
    return Status === 'Enabled';
  } catch (error) {
    if (!isAwsError(error, 'NoSuchBucket')) throw error;
    return undefined;
  }
}

/** Nothing is sealed as long as nothing is decided. */
async function sealProblems(scene: Scene, sealed: string | undefined): Promise<readonly Finding[]> {
  const { decided } = await scene.recentLog();
  if (decided === undefined || decided > Date.now() - SEALED_WITHIN_MS) return [];
  if (sealed !== undefined && Date.parse(sealed) >= decided) return [];
  const text = `decisions were made at ${new Date(decided).toISOString()}, but the last head was sealed ${sealed ?? 'never'}`;
  return [wrong(text, `read why: ${npmCommand(scene.session, 'logs', '--errors')}`)];
}
