// Step: builds the image.
import { buildWithCodeBuild } from '../codebuild.js';
import { imageExists } from '../image.js';
import { buildLocally } from '../local-build.js';
import { type DeploymentRun, NO_CHANGE, type Report, type Step } from '../step.js';

export function buildStep(deployment: DeploymentRun): Step {
  const { session, deployed, actions, options } = deployment;
  const { tag, build } = options;
  return {
    name: 'build',
    async inspect() {
      // The repository is also deleted when its stack is recreated.
      const exists = actions.get('image') !== 'recreate' && (await imageExists(session, tag));
      // An emulator can't build images, so a deployed tag counts as built.
      const emulated = session.emulated && deployed.get('callback')?.parameters['ImageTag'] === tag;
      if (exists || emulated) return NO_CHANGE;
      const method = build === 'local' ? 'with docker or podman' : 'with CodeBuild';
      return { action: 'build', summary: `build image ${tag} ${method}`, details: [] };
    },
    apply: (report) => buildImage(deployment, report),
  };
}

async function buildImage(
  { session, deployed, options, notes }: DeploymentRun,
  report: Report,
): Promise<void> {
  const { RepositoryUri = '', SourceBucket = '' } = deployed.get('image')?.outputs ?? {};
  if (options.build === 'local') {
    await buildLocally(session, options.tag, { repositoryUri: RepositoryUri, onProgress: report });
    return;
  }
  const built = await buildWithCodeBuild(session, options.tag, {
    sourceBucket: SourceBucket,
    onProgress: report,
  });
  if (built) return;
  notes.push('The endpoint is an emulator without CodeBuild: no image was built.');
  report('no image was built: the endpoint is an emulator without CodeBuild');
}
