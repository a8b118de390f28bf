// Step: builds the images.
import { handlerStack } from '../../aws/handler.js';
import { buildWithCodeBuild } from '../codebuild.js';
import { imageExists, imageList, type WantedImage, wantedImages, withoutTarget } from '../image.js';
import { buildLocally } from '../local-build.js';
import { type DeploymentRun, NO_CHANGE, type Report, type Step } from '../step.js';

export function buildStep(deployment: DeploymentRun): Step {
  const { session, options } = deployment;
  return {
    name: 'build',
    async inspect() {
      const missing = await missingImages(deployment);
      if (missing.length === 0) return NO_CHANGE;
      const method = options.build === 'local' ? 'with docker or podman' : 'with CodeBuild';
      return {
        action: 'build',
        summary: `build ${imageList(missing.map(({ tag }) => tag))} ${method}`,
        details: [],
      };
    },
    async apply(report) {
      await buildImages(deployment, await missingImages(deployment), report);
    },
  };

  async function missingImages({ deployed, actions }: DeploymentRun): Promise<readonly WantedImage[]> {
    const { settings } = session;
    // An emulator can't build images, so a deployed tag counts as built.
    const tag = deployed.get(handlerStack(settings))?.parameters['ImageTag'];
    if (session.emulated && tag !== undefined && withoutTarget(tag) === options.tag) return [];
    const wanted = wantedImages(settings, options.tag);
    // The repository is also deleted when its stack is recreated.
    if (actions.get('image') === 'recreate') return wanted;
    const exist = await Promise.all(wanted.map((image) => imageExists(session, image.tag)));
    return wanted.filter((_, index) => exist[index] === false);
  }
}

async function buildImages(
  { session, deployed, options, notes }: DeploymentRun,
  images: readonly WantedImage[],
  report: Report,
): Promise<void> {
  const { RepositoryUri = '', SourceBucket = '' } = deployed.get('image')?.outputs ?? {};
  if (options.build === 'local') {
    await buildLocally(session, images, { repositoryUri: RepositoryUri, onProgress: report });
    return;
  }
  for (const image of images) {
    const built = await buildWithCodeBuild(session, image, {
      sourceBucket: SourceBucket,
      onProgress: report,
    });
    if (built) continue;
    notes.push('The endpoint is an emulator without CodeBuild: no image was built.');
    report('no image was built: the endpoint is an emulator without CodeBuild');
    return;
  }
}
