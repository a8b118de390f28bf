// The image: which one, whether it is there, and how it gets there.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import {
  BatchGetBuildsCommand,
  type Build,
  ListBuildsForProjectCommand,
  StartBuildCommand,
} from '@aws-sdk/client-codebuild';
import { DescribeImagesCommand, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { DeployError, isAwsError } from '../aws/error.js';
import { lastLines } from '../aws/log-events.js';
import { awsCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';

const run = promisify(execFile);
/** A source archive is some hundred kilobytes. */
const MAX_ARCHIVE = 256 * 1024 * 1024;
const POLL_MS = 5000;
const UNKNOWN_POLLS = 5;

export interface Revision {
  readonly tag: string;
  /** Whether files were changed since, which are not in the image. */
  readonly dirty: boolean;
}

/** The committed tree's. @throws {DeployError} if this is no git repository */
export async function gitRevision({ settings }: Session): Promise<Revision> {
  try {
    const [{ stdout: revision }, { stdout: changes }] = await Promise.all([
      run('git', ['rev-parse', '--short=12', 'HEAD']),
      run('git', ['status', '--porcelain', '--untracked-files=no']),
    ]);
    // A tag stays what it is: an image for other processors is another image.
    const suffix = settings.architecture === 'arm64' ? '-arm64' : '';
    return { tag: `${revision.trim()}${suffix}`, dirty: changes.trim() !== '' };
  } catch {
    throw new DeployError(
      'NO_REVISION',
      'images are tagged with the git revision, and this directory has none',
      'run it in a clone of the repository, or name an image that is there with --image-tag',
    );
  }
}

export async function imageExists({ aws, names }: Session, tag: string): Promise<boolean> {
  try {
    const { imageDetails = [] } = await aws.ecr.send(
      new DescribeImagesCommand({ repositoryName: names.repository, imageIds: [{ imageTag: tag }] }),
    );
    return imageDetails.length > 0;
  } catch (error) {
    if (isAwsError(error, 'ImageNotFoundException', 'RepositoryNotFoundException')) return false;
    throw error;
  }
}

/** Tags of the images that are there, newest first. */
async function imageTags({ aws, names }: Session): Promise<readonly string[]> {
  try {
    const { imageDetails = [] } = await aws.ecr.send(
      new DescribeImagesCommand({ repositoryName: names.repository }),
    );
    return imageDetails
      .sort((a, b) => (b.imagePushedAt?.getTime() ?? 0) - (a.imagePushedAt?.getTime() ?? 0))
      .flatMap(({ imageTags = [] }) => imageTags);
  } catch (error) {
    if (isAwsError(error, 'RepositoryNotFoundException')) return [];
    throw error;
  }
}

/** @throws {DeployError} if there is no such image */
export async function assertImage(session: Session, tag: string): Promise<void> {
  if (await imageExists(session, tag)) return;
  const tags = await imageTags(session);
  throw new DeployError(
    'IMAGE_MISSING',
    `there is no image ${tag} in ${session.names.repository}`,
    tags.length === 0
      ? 'none is there yet: leave --image-tag out, and it is built'
      : `name one of ${tags.slice(0, 10).join(', ')}; or leave --image-tag out, and the committed revision is built`,
  );
}

interface BuildOptions {
  readonly sourceBucket: string;
  readonly onProgress: (line: string) => void;
}

/**
 * Has CodeBuild build the committed tree. A build of the same revision that runs already is waited for.
 * @returns false if an emulator has no such build
 * @throws {DeployError} with the last lines of the build's log
 */
export async function buildWithCodeBuild(
  session: Session,
  tag: string,
  { sourceBucket, onProgress }: BuildOptions,
): Promise<boolean> {
  const { aws, names, emulated } = session;
  try {
    const id = (await runningBuild(session, tag)) ?? (await startBuild(session, tag, sourceBucket));
    onProgress(`build ${id}`);
    let phase: string | undefined;
    for (let polls = 0; ; polls++) {
      const { builds } = await aws.codebuild.send(new BatchGetBuildsCommand({ ids: [id] }));
      const build = builds?.[0];
      if (build?.currentPhase !== undefined && build.currentPhase !== phase) {
        phase = build.currentPhase;
        onProgress(phase.toLowerCase().replaceAll('_', ' '));
      }
      if (build?.buildStatus === 'SUCCEEDED') return true;
      // A build that has just begun may not be known everywhere yet.
      const unknown = build === undefined && polls < UNKNOWN_POLLS;
      if (!unknown && build?.buildStatus !== 'IN_PROGRESS') throw await buildFailure(session, id, build);
      await sleep(POLL_MS);
    }
  } catch (error) {
    if (emulated && isAwsError(error, 'ResourceNotFoundException')) return false;
    if (isAwsError(error, 'ResourceNotFoundException')) {
      throw new DeployError(
        'BUILD_MISSING',
        `there is no build ${names.imageBuild}`,
        'deploy the image stack, which makes it',
      );
    }
    throw error;
  }
}

async function runningBuild({ aws, names }: Session, tag: string): Promise<string | undefined> {
  const { ids = [] } = await aws.codebuild.send(
    new ListBuildsForProjectCommand({ projectName: names.imageBuild, sortOrder: 'DESCENDING' }),
  );
  if (ids.length === 0) return undefined;
  const { builds = [] } = await aws.codebuild.send(new BatchGetBuildsCommand({ ids: ids.slice(0, 10) }));
  return builds.find(
    ({ buildStatus, environment }) =>
      buildStatus === 'IN_PROGRESS' &&
      environment?.environmentVariables?.some(({ name, value }) => name === 'IMAGE_TAG' && value === tag) ===
        true,
  )?.id;
}

async function startBuild({ aws, names }: Session, tag: string, sourceBucket: string): Promise<string> {
  // HEAD is what the tag is of.
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
      // What was just put there, and not what somebody else puts there meanwhile.
      sourceVersion: VersionId,
      environmentVariablesOverride: [{ name: 'IMAGE_TAG', value: tag, type: 'PLAINTEXT' }],
    }),
  );
  return build?.id ?? '';
}

async function buildFailure(session: Session, id: string, build: Build | undefined): Promise<DeployError> {
  const failed = build?.phases?.find(
    ({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== 'SUCCEEDED',
  );
  const reasons = failed?.contexts?.flatMap(({ message }) => message ?? []) ?? [];
  const { groupName, streamName } = build?.logs ?? {};
  return new DeployError(
    'BUILD_FAILED',
    `the build is ${build?.buildStatus ?? 'gone'}${failed?.phaseType === undefined ? '' : ` in ${failed.phaseType}`}: ${reasons.join('; ') || 'CodeBuild gives no reason'}`,
    `mend what it names, commit, and run the same command again; the whole log: ${awsCommand(session, `logs tail ${session.names.logGroups.imageBuild} --since 1h`)}; or build it here, with --build local`,
    groupName === undefined || streamName === undefined
      ? [`build ${id}`]
      : await lastLines(session, groupName, streamName),
  );
}

/**
 * Builds the committed tree with docker or podman, and pushes it.
 * @throws {DeployError}
 */
export async function buildLocally(
  { aws, settings }: Session,
  tag: string,
  {
    repositoryUri,
    onProgress,
  }: { readonly repositoryUri: string; readonly onProgress: (line: string) => void },
): Promise<void> {
  const engine = await findEngine();
  const { authorizationData } = await aws.ecr.send(new GetAuthorizationTokenCommand({}));
  const [user = '', password = ''] = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64')
    .toString()
    .split(':');
  const tree = await mkdtemp(join(tmpdir(), 'callback-'));
  const image = `${repositoryUri}:${tag}`;
  const platform = settings.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64';
  const step = (args: readonly string[], input = '') => runEngine(engine, args, { input, onProgress });
  try {
    await run('git', ['archive', '--format=tar', `--output=${join(tree, 'source.tar')}`, 'HEAD']);
    await run('tar', ['-xf', join(tree, 'source.tar'), '-C', tree]);
    // The password is a secret for twelve hours: not among the arguments.
    await step(
      ['login', '--username', user, '--password-stdin', repositoryUri.split('/')[0] ?? ''],
      password,
    );
    await step(['build', '--platform', platform, '--build-arg', `REVISION=${tag}`, '--tag', image, tree]);
    await step(['push', image]);
  } finally {
    await rm(tree, { recursive: true });
  }
}

async function findEngine(): Promise<string> {
  for (const engine of ['docker', 'podman']) {
    const works = await run(engine, ['info']).then(
      () => true,
      () => false,
    );
    if (works) return engine;
  }
  throw new DeployError(
    'NO_ENGINE',
    'neither docker nor podman runs here',
    'start one of them, or leave --build local out: CodeBuild needs neither',
  );
}

const KEPT_LINES = 20;

function runEngine(
  engine: string,
  args: readonly string[],
  { input, onProgress }: { readonly input: string; readonly onProgress: (line: string) => void },
): Promise<void> {
  return new Promise((resolve, reject) => {
    const lines: string[] = [];
    const child = spawn(engine, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    const keep = (chunk: Buffer): void => {
      for (const line of chunk
        .toString()
        .split('\n')
        .map((text) => text.trimEnd())) {
        if (line === '') continue;
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        onProgress(line);
      }
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) {
        resolve();
        return;
      }
      const what = `${engine} ${args[0] ?? ''}`;
      reject(
        new DeployError(
          'BUILD_FAILED',
          `${what} ended with ${code ?? 'a signal'}`,
          'mend what it says, and run the same command again',
          lines,
        ),
      );
    });
  });
}
