// Builds the image with CodeBuild. The AWS SDK has no waiter for builds.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  BatchGetBuildsCommand,
  type Build,
  ListBuildsForProjectCommand,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DeployError, isAwsError } from '../aws/error.js';
import { lastLines } from '../aws/log-events.js';
import { awsCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';
import { type WantedImage, withoutTarget } from './image.js';
import type { Report } from './step.js';

const run = promisify(execFile);
/** In bytes. An archive of the committed tree takes a few hundred kilobytes. */
const MAX_ARCHIVE = 256 * 1024 * 1024;
const POLL_MS = 5000;
/** Number of polls within which CodeBuild must report a new build. */
const UNKNOWN_POLLS = 5;
/** Number of recent builds to search for a running one. */
const RECENT_BUILDS = 10;

interface BuildOptions {
  readonly sourceBucket: string;
  readonly onProgress: Report;
}

/**
 * Builds the committed tree. If a build of the same revision is running, waits for that one.
 * @returns false if the endpoint is an emulator that lacks this build project
 * @throws {DeployError} with the last lines of the build's log
 */
export async function buildWithCodeBuild(
  session: Session,
  image: WantedImage,
  { sourceBucket, onProgress }: BuildOptions,
): Promise<boolean> {
  try {
    const id =
      (await findRunningBuild(session, image.tag)) ?? (await startBuild(session, image, sourceBucket));
    onProgress(`build ${id}`);
    await waitForBuild(session, id, onProgress);
    return true;
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
    if (session.emulated) return false;
    throw new DeployError(
      'BUILD_MISSING',
      `there is no CodeBuild project ${session.names.imageBuild}`,
      'deploy the image stack, which creates it',
    );
  }
}

async function waitForBuild(session: Session, id: string, onProgress: Report): Promise<void> {
  let phase: string | undefined;
  for (let polls = 0; ; polls++) {
    const { builds } = await session.aws.codebuild.send(new BatchGetBuildsCommand({ ids: [id] }));
    const build = builds?.[0];
    if (build?.currentPhase !== undefined && build.currentPhase !== phase) {
      phase = build.currentPhase;
      onProgress(phase.toLowerCase().replaceAll('_', ' '));
    }
    if (build?.buildStatus === 'SUCCEEDED') return;
    const isUnknown = build === undefined && polls < UNKNOWN_POLLS;
    if (!isUnknown && build?.buildStatus !== 'IN_PROGRESS') throw await buildFailure(session, id, build);
    await session.sleep(POLL_MS);
  }
}

async function findRunningBuild({ aws, names }: Session, tag: string): Promise<string | undefined> {
  const { ids = [] } = await aws.codebuild.send(
    new ListBuildsForProjectCommand({ projectName: names.imageBuild, sortOrder: 'DESCENDING' }),
  );
  if (ids.length === 0) return undefined;
  const { builds = [] } = await aws.codebuild.send(
    new BatchGetBuildsCommand({ ids: ids.slice(0, RECENT_BUILDS) }),
  );
  return builds.find(
    ({ buildStatus, environment }) =>
      buildStatus === 'IN_PROGRESS' &&
      environment?.environmentVariables?.some(({ name, value }) => name === 'IMAGE_TAG' && value === tag) ===
        true,
  )?.id;
}

async function startBuild(
  { aws, names }: Session,
  { tag, target }: WantedImage,
  sourceBucket: string,
): Promise<string> {
  // The tag is the HEAD revision, so HEAD must be built.
  const { stdout: archive } = await run('git', ['archive', '--format=zip', 'HEAD'], {
    encoding: 'buffer',
    maxBuffer: MAX_ARCHIVE,
  });
  const { VersionId } = await aws.s3.send(
    new PutObjectCommand({ Bucket: sourceBucket, Key: 'source.zip', Body: archive }),
  );
  const { build } = await aws.codebuild.send(
    new StartBuildCommand({
      projectName: names.imageBuild,
      // Build this upload, even if someone else uploads another source in the meantime.
      sourceVersion: VersionId,
      environmentVariablesOverride: Object.entries({
        IMAGE_TAG: tag,
        REVISION: withoutTarget(tag),
        IMAGE_TARGET: target ?? '',
      }).map(([name, value]) => ({ name, value, type: 'PLAINTEXT' as const })),
    }),
  );
  return build?.id ?? '';
}

async function buildFailure(session: Session, id: string, build: Build | undefined): Promise<DeployError> {
  const failed = build?.phases?.find(
    ({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== 'SUCCEEDED',
  );
  const reasons = failed?.contexts?.flatMap(({ message }) => message ?? []) ?? [];
  const where = failed?.phaseType === undefined ? '' : ` in phase ${failed.phaseType}`;
  const result =
    build === undefined
      ? 'the build no longer exists'
      : `the build ended with status ${build.buildStatus ?? 'unknown'}${where}`;
  const log = awsCommand(session, `logs tail ${session.names.logGroups.imageBuild} --since 1h`);
  const { groupName, streamName } = build?.logs ?? {};
  return new DeployError(
    'BUILD_FAILED',
    `${result}: ${reasons.join('; ') || 'CodeBuild gave no reason'}`,
    `fix the reported problem, commit, and run the same command again; to read the whole log: ${log} (needs AWS CLI version 2); or build on this machine with --build local`,
    groupName === undefined || streamName === undefined
      ? [`build ${id}`]
      : await lastLines(session, groupName, streamName),
  );
}
