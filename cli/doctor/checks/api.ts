// Checks the private REST API that the Co-signer calls, and its endpoint in the VPC.
import { DescribeVpcEndpointsCommand, type VpcEndpoint } from '@aws-sdk/client-ec2';
import { isAwsError } from '../../aws/error.js';
import { describeRestApi, type RestApi } from '../../aws/rest-api.js';
import { revert } from '../advice.js';
import { type Finding, unlessAny, wrong } from '../check.js';
import { NotChecked } from '../not-checked.js';
import { resourceId, type Scene } from '../scene.js';

export async function api(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const outputs = (await scene.stack('api'))?.outputs;
  const id = outputs?.['ApiId'];
  if (id === undefined) throw new NotChecked('the stack api does not name the API');
  const back = await revert(scene, 'api');
  const found = await describeRestApi(session, id, session.environment);
  if (found === undefined) return [wrong(`the API ${id} does not exist`, back)];
  const endpoint = await endpointId(scene);
  const problems = [...apiProblems(found, endpoint, back), ...(await endpointProblems(scene, endpoint))];
  return unlessAny(problems, `${outputs?.['CallbackURL'] ?? id} is private, at ${endpoint ?? 'no endpoint'}`);
}

function apiProblems(found: RestApi, endpoint: string | undefined, back: string): Finding[] {
  const { isPrivate, endpoints, hasDefaultEndpoint, hasStage } = found;
  return [
    ...(isPrivate ? [] : [wrong('the API is not private', back)]),
    ...(hasDefaultEndpoint ? [] : [wrong('the name of the API is turned off', back)]),
    ...(hasStage ? [] : [wrong('the API has no stage', back)]),
    ...(endpoint === undefined || endpoints.join() === endpoint
      ? []
      : [wrong(`the API has ${endpointList(endpoints)}, but must have ${endpoint}`, back)]),
  ];
}

function endpointList(ids: readonly string[]): string {
  if (ids.length === 0) return 'no VPC endpoint';
  return `the VPC ${ids.length === 1 ? 'endpoint' : 'endpoints'} ${ids.join(' and ')}`;
}

async function endpointId(scene: Scene): Promise<string | undefined> {
  const { network } = scene.session.settings;
  const existing = 'executeApiEndpointId' in network ? network.executeApiEndpointId : undefined;
  return existing ?? resourceId(scene, 'foundation', 'AWS::EC2::VPCEndpoint', 'ExecuteApi');
}

async function endpointProblems(scene: Scene, id: string | undefined): Promise<readonly Finding[]> {
  const back = await revert(scene, 'foundation');
  if (id === undefined) return [wrong('there is no endpoint for the API', back)];
  const found = await findEndpoint(scene, id);
  if (found === undefined) return [wrong(`the endpoint ${id} of the API does not exist`, back)];
  const { State = 'unknown' } = found;
  return State.toLowerCase() === 'available'
    ? []
    : [wrong(`the endpoint ${id} of the API is ${State}`, back)];
}

async function findEndpoint({ session }: Scene, id: string): Promise<VpcEndpoint | undefined> {
  try {
    const { VpcEndpoints = [] } = await session.aws.ec2.send(
      new DescribeVpcEndpointsCommand({ VpcEndpointIds: [id] }),
    );
    return VpcEndpoints[0];
  } catch (error) {
    if (isAwsError(error, 'InvalidVpcEndpointId.NotFound')) return undefined;
    throw error;
  }
}
