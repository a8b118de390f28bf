// The image to run: determines its tag, and checks whether it exists in the repository.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DescribeImagesCommand } from '@aws-sdk/client-ecr';
import { DeployError, isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';

const run = promisify(execFile);
/** Number of tags listed in an error message. */
const LISTED_TAGS = 10;

/** An image to build and push. */
export interface WantedImage {
  readonly tag: string;
  /** The stage of the Dockerfile. Undefined for the last one, which runs on Fargate. */
  readonly target: 'lambda' | undefined;
}

/** The end of the tags of images for Lambda. */
const LAMBDA_SUFFIX = '-lambda';

/** @param tag of the images for Fargate @returns the images that the settings call for; the handler's first */
export function wantedImages(
  { compute, console: withConsole }: Pick<Session['settings'], 'compute' | 'console'>,
  tag: string,
): readonly WantedImage[] {
  const fargate: WantedImage = { tag, target: undefined };
  if (compute === 'fargate') return [fargate];
  return [
    { tag: `${tag}${LAMBDA_SUFFIX}`, target: 'lambda' },
    ...(withConsole === undefined ? [] : [fargate]),
  ];
}

/** @returns for example `images 563b939c4f2a-lambda and 563b939c4f2a` */
export function imageList(tags: readonly string[]): string {
  return `${tags.length === 1 ? 'image' : 'images'} ${tags.join(' and ')}`;
}

/** @returns the tag of the image for Fargate that was built with this one, or the tag itself */
export function withoutTarget(tag: string): string {
  return tag.endsWith(LAMBDA_SUFFIX) ? tag.slice(0, -LAMBDA_SUFFIX.length) : tag;
}

export interface Revision {
  readonly tag: string;
  /** Whether the working tree has uncommitted changes, which are not in the image. */
  readonly dirty: boolean;
}

/** @returns the committed revision. @throws {DeployError} if this is not a git repository */
export async function gitRevision({ settings }: Session): Promise<Revision> {
  try {
    const [{ stdout: revision }, { stdout: changes }] = await Promise.all([
      run('git', ['rev-parse', '--short=12', 'HEAD']),
      run('git', ['status', '--porcelain', '--untracked-files=no']),
    ]);
    return { tag: `${revision.trim()}${suffixFor(settings)}`, dirty: changes.trim() !== '' };
  } catch {
    throw new DeployError(
      'NO_REVISION',
      'images are tagged with the git revision, but this directory has none',
      'run the command in a clone of the repository, or choose an existing image with --image-tag',
    );
  }
}

/** Tags are immutable, so an image for another architecture needs another tag. */
function suffixFor({ architecture }: Session['settings']): string {
  return architecture === 'arm64' ? '-arm64' : '';
}

/** Whether a tag, if it is one that `gitRevision` has made, is of an image for the other architecture. */
export function isForOtherCpu({ settings }: Session, tag: string): boolean {
  const [, suffix] = /^[0-9a-f]{12}(|-arm64)$/.exec(tag) ?? [];
  return suffix !== undefined && suffix !== suffixFor(settings);
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

/** @throws {DeployError} if the image does not exist */
export async function assertImageExists(session: Session, tag: string): Promise<void> {
  if (await imageExists(session, tag)) return;
  const tags = await imageTags(session);
  throw new DeployError(
    'IMAGE_MISSING',
    `there is no image ${tag} in ${session.names.repository}`,
    tags.length === 0
      ? 'the repository is empty: leave out --image-tag to build an image'
      : `choose one of ${tags.slice(0, LISTED_TAGS).join(', ')}; or leave out --image-tag to build the committed revision`,
  );
}

/** @returns the tags in the repository, newest first */
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
