// API Gateway: the private REST API that the Co-signer calls, and the role with which the account's APIs write logs.
import { GetAccountCommand, GetRestApiCommand, GetStageCommand } from '@aws-sdk/client-api-gateway';
import { isAwsError } from './error.js';
import type { Session } from './session.js';

/** Whether this account and region have a role with which API Gateway writes logs. */
export async function hasLogRole({ aws }: Pick<Session, 'aws'>): Promise<boolean> {
  const { cloudwatchRoleArn = '' } = await aws.apigateway.send(new GetAccountCommand({}));
  return cloudwatchRoleArn !== '';
}

export interface RestApi {
  /** Whether it is private, and nothing else. */
  readonly isPrivate: boolean;
  /** Ids of the VPC endpoints that it is called at. */
  readonly endpoints: readonly string[];
  /** Whether it is reached at the name of API Gateway, as it must. */
  readonly hasDefaultEndpoint: boolean;
  /** Whether its stage is deployed. */
  readonly hasStage: boolean;
}

/** @param stageName named after the environment @returns undefined if it does not exist */
export async function describeRestApi(
  { aws }: Pick<Session, 'aws'>,
  restApiId: string,
  stageName: string,
): Promise<RestApi | undefined> {
  try {
    const { endpointConfiguration, disableExecuteApiEndpoint } = await aws.apigateway.send(
      new GetRestApiCommand({ restApiId }),
    );
    const { types = [], vpcEndpointIds = [] } = endpointConfiguration ?? {};
    return {
      isPrivate: types.join() === 'PRIVATE',
      endpoints: vpcEndpointIds,
      hasDefaultEndpoint: disableExecuteApiEndpoint !== true,
      hasStage: await aws.apigateway.send(new GetStageCommand({ restApiId, stageName })).then(
        ({ deploymentId }) => deploymentId !== undefined,
        (error: unknown) => {
          if (isAwsError(error, 'NotFoundException')) return false;
          throw error;
        },
      ),
    };
  } catch (error) {
    if (isAwsError(error, 'NotFoundException')) return undefined;
    throw error;
  }
}
