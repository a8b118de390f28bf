// Reads when an image was pushed to its repository.
import { DescribeImagesCommand } from '@aws-sdk/client-ecr';
import { isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';

const DAY_MS = 86_400_000;

export interface ImageStatus {
  /** `repository:tag` or `repository@sha256:…` */
  readonly name: string;
  /** Undefined if the repository has no such image: a task that stops can't be replaced. ISO 8601, UTC. */
  readonly pushed: string | undefined;
  /** Whole days since then. */
  readonly ageDays: number | undefined;
}

/** @param image as in a task definition: `REGISTRY/repository:tag` */
export async function readImage({ aws }: Pick<Session, 'aws'>, image: string): Promise<ImageStatus> {
  const name = image.slice(image.indexOf('/') + 1);
  const [, repositoryName = name, tag, digest] = /^([^:@]+)(?::([^@]+))?(?:@(.+))?$/.exec(name) ?? [];
  const imageId = digest === undefined ? { imageTag: tag ?? 'latest' } : { imageDigest: digest };
  try {
    const { imageDetails = [] } = await aws.ecr.send(
      new DescribeImagesCommand({ repositoryName, imageIds: [imageId] }),
    );
    const pushed = imageDetails[0]?.imagePushedAt;
    const ageDays = pushed && Math.floor((Date.now() - pushed.getTime()) / DAY_MS);
    return { name, pushed: pushed?.toISOString(), ageDays };
  } catch (error) {
    if (!isAwsError(error, 'ImageNotFoundException', 'RepositoryNotFoundException')) throw error;
    return { name, pushed: undefined, ageDays: undefined };
  }
}
