// Emulates CodeBuild, because moto_server does not create build projects. Each build succeeds, and pushes an image.
import { ECRClient, PutImageCommand } from '@aws-sdk/client-ecr';
import { clientOptions, NAMES } from './aws.js';
import { type AwsCall, type AwsReply, json } from './aws-proxy.js';

interface StartBuild {
  readonly environmentVariablesOverride: readonly { readonly name: string; readonly value: string }[];
}

/** @returns a function that replies to CodeBuild calls only */
export function emulateCodeBuild(
  endpoint: string,
  { repository } = NAMES,
): (call: AwsCall) => Promise<AwsReply | undefined> {
  let tag: string | undefined;
  return async ({ service, action, body }) => {
    if (service !== 'codebuild') return undefined;
    const build = {
      id: 'fireblocks-callback-dev:1',
      buildStatus: 'SUCCEEDED',
      currentPhase: 'COMPLETED',
    };
    if (action === 'ListBuildsForProject') return json({ ids: [] });
    if (action === 'StartBuild') {
      const { environmentVariablesOverride } = JSON.parse(body) as StartBuild;
      tag = environmentVariablesOverride.find(({ name }) => name === 'IMAGE_TAG')?.value;
      await putImage(endpoint, tag, repository);
      return json({ build: { id: build.id, buildStatus: 'IN_PROGRESS' } });
    }
    return json({ builds: [build] });
  };
}

export async function putImage(
  endpoint: string,
  imageTag: string | undefined,
  repositoryName = NAMES.repository,
): Promise<void> {
  await new ECRClient(clientOptions(endpoint)).send(
    new PutImageCommand({
      repositoryName,
      imageTag,
      imageManifest: JSON.stringify({
        schemaVersion: 2,
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        config: { digest: imageTag },
        layers: [],
      }),
    }),
  );
}
