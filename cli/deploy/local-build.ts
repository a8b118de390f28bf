// Builds the image on this machine with docker or podman, and pushes it.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { DeployError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import { type WantedImage, withoutTarget } from './image.js';
import type { Report } from './step.js';

const run = promisify(execFile);
/** Number of output lines shown in an error. */
const KEPT_LINES = 20;

interface LocalBuildOptions {
  readonly repositoryUri: string;
  readonly onProgress: Report;
}

/**
 * Builds the committed tree, and pushes the images to the repository.
 * @throws {DeployError} with the last lines of output from the container engine
 */
export async function buildLocally(
  { aws, settings }: Session,
  images: readonly WantedImage[],
  { repositoryUri, onProgress }: LocalBuildOptions,
): Promise<void> {
  const engine = await findEngine();
  const { authorizationData } = await aws.ecr.send(new GetAuthorizationTokenCommand({}));
  const [user = '', password = ''] = Buffer.from(authorizationData?.[0]?.authorizationToken ?? '', 'base64')
    .toString()
    .split(':');
  const [registry = ''] = repositoryUri.split('/');
  const platform = settings.architecture === 'arm64' ? 'linux/arm64' : 'linux/amd64';
  const tree = await mkdtemp(join(tmpdir(), 'callback-'));
  const step = (args: readonly string[], input = '') => runEngine(engine, args, { input, onProgress });
  try {
    await run('git', ['archive', '--format=tar', `--output=${join(tree, 'source.tar')}`, 'HEAD']);
    await run('tar', ['-xf', join(tree, 'source.tar'), '-C', tree]);
    // Passed on standard input, because other users of this machine can see arguments, and the password is valid for
    // twelve hours.
    await step(['login', '--username', user, '--password-stdin', registry], password);
    for (const { tag, target } of images) {
      const image = `${repositoryUri}:${tag}`;
      const stage = target === undefined ? [] : ['--target', target];
      const revision = `REVISION=${withoutTarget(tag)}`;
      await step(['build', '--platform', platform, '--build-arg', revision, ...stage, '--tag', image, tree]);
      await step(['push', image]);
    }
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
    'neither docker nor podman is running on this machine',
    'start one of them, or leave out --build local: CodeBuild needs neither',
  );
}

interface EngineOptions {
  /** Written to standard input. */
  readonly input: string;
  readonly onProgress: Report;
}

function runEngine(
  engine: string,
  args: readonly string[],
  { input, onProgress }: EngineOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const lastLines: string[] = [];
    const child = spawn(engine, args, { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
    const onOutput = (chunk: Buffer): void => {
      for (const line of chunk.toString().split('\n')) {
        if (line.trimEnd() === '') continue;
        lastLines.push(line.trimEnd());
        if (lastLines.length > KEPT_LINES) lastLines.shift();
        onProgress(line.trimEnd());
      }
    };
    child.stdout.on('data', onOutput);
    child.stderr.on('data', onOutput);
    // An engine that does not read its input closes the pipe. Only the exit code matters.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(engineFailure(`${engine} ${args[0] ?? ''}`, code, lastLines));
    });
  });
}

/**
 * With attestations, docker would push an index. ECR would count its parts as images of their own, and basic scanning
 * does not support it.
 */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, BUILDX_NO_DEFAULT_ATTESTATIONS: '1' };
}

function engineFailure(command: string, code: number | null, lastLines: readonly string[]): DeployError {
  const outcome = code === null ? 'was killed by a signal' : `exited with code ${code}`;
  return new DeployError(
    'BUILD_FAILED',
    `${command} ${outcome}`,
    'fix the reported problem, and run the same command again',
    lastLines,
  );
}
