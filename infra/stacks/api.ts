// What the Co-signer calls instead of a load balancer: a private REST API, which only one VPC endpoint reaches, and which
// invokes the function. Its monitoring is here as well.
import { CfnCondition, CfnParameter, Fn, RemovalPolicy } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { FunctionMonitoring } from '../monitoring/function.js';
import type { StackName } from '../names.js';
import type { Network } from './foundation.js';
import { FUNCTION_TIMEOUT } from './function.js';
import { createOutputs } from './handler-outputs.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';

export interface ApiStackProps extends ProjectStackProps {
  readonly network: Network;
  /** Encrypts the access log and alarm notifications. */
  readonly key: kms.IKey;
}

/** The fields of a line of the access log. It has neither bodies nor headers. */
const ACCESS_LOG = {
  time: '$context.requestTime',
  requestId: '$context.requestId',
  ip: '$context.identity.sourceIp',
  vpcEndpoint: '$context.identity.vpceId',
  method: '$context.httpMethod',
  path: '$context.path',
  status: '$context.status',
  latencyMs: '$context.responseLatency',
  functionMs: '$context.integrationLatency',
  error: '$context.integrationErrorMessage',
};

export class ApiStack extends ProjectStack {
  /** Receives notifications from all alarms. */
  readonly alarmTopic: sns.ITopic;

  constructor(scope: Construct, id: StackName, props: ApiStackProps) {
    super(scope, id, props, 'private API and alarms');
    const { names, environment, settings } = this.deployment;
    const endpointId = props.network.apiEndpoint?.id;
    if (endpointId === undefined) throw new Error('the endpoint of the API is missing');
    const api = this.createApi(endpointId, props.key);
    this.alarmTopic = new FunctionMonitoring(this, 'Monitoring', {
      deployment: this.deployment,
      key: props.key,
    }).topic;
    const host = `${api.restApiId}-${endpointId}.execute-api.${this.region}.${this.urlSuffix}`;
    createOutputs(this, this.deployment, {
      url: `https://${host}/${environment}${settings.basePath}`,
      front: {
        ApiId: [api.restApiId, 'Use with: aws apigateway get-rest-api --rest-api-id'],
        ApiLogGroupName: [names.logGroups.api, 'Access log. Use with: aws logs tail --follow'],
      },
      dashboard: `${names.prefix}-api`,
      alarmTopic: this.alarmTopic,
    });
  }

  private createApi(endpointId: string, key: kms.IKey): apigateway.RestApi {
    const { names, environment } = this.deployment;
    const logRole = this.createLogRole();
    const accessLog = this.createReusableLogGroup('AccessLog', names.logGroups.api, key);
    const api = new apigateway.RestApi(this, 'Api', {
      restApiName: names.api,
      description: `Callback handler, ${environment}`,
      endpointConfiguration: {
        types: [apigateway.EndpointType.PRIVATE],
        vpcEndpoints: [
          ec2.InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, 'Endpoint', {
            vpcEndpointId: endpointId,
            port: 443,
          }),
        ],
      },
      policy: onlyThrough(endpointId),
      cloudWatchRole: false,
      deployOptions: {
        stageName: environment,
        description: `Logs with ${logRole}`,
        accessLogDestination: new apigateway.LogGroupLogDestination(accessLog),
        accessLogFormat: apigateway.AccessLogFormat.custom(JSON.stringify(ACCESS_LOG)),
      },
    });
    // The CDK's output has the URL of a public API.
    api.node.tryRemoveChild('Endpoint');
    const method = api.root.addResource('{proxy+}').addMethod(
      'ANY',
      new apigateway.AwsIntegration({
        proxy: true,
        service: 'lambda',
        path: `2015-03-31/functions/${this.functionArn()}/invocations`,
        options: { timeout: FUNCTION_TIMEOUT },
      }),
    );
    // A deployment is a snapshot, also of the policy and of the endpoint.
    api.latestDeployment?.addToLogicalId({ endpointId: this.resolve(endpointId) as unknown });
    new lambda.CfnPermission(this, 'FunctionPermission', {
      action: 'lambda:InvokeFunction',
      functionName: this.functionArn(),
      principal: 'apigateway.amazonaws.com',
      sourceArn: api.arnForExecuteApi('*', '/*', environment),
      sourceAccount: this.account,
    });
    this.acknowledgeFindings(api, method);
    return api;
  }

  /**
   * API Gateway writes access logs with one role for the account and region. It is kept when the stack is deleted, because
   * other APIs may use it by then; and not replaced if there is one.
   * @returns a description of the role, which makes what contains it wait until the role is set
   */
  private createLogRole(): string {
    const { valueAsString } = new CfnParameter(this, 'SetLogRole', {
      description:
        'Whether to set the role with which API Gateway writes logs in this account and region; false if one is set',
      allowedValues: ['true', 'false'],
      default: 'true',
    });
    const condition = new CfnCondition(this, 'SetsLogRole', {
      expression: Fn.conditionEquals(valueAsString, 'true'),
    });
    const role = new iam.Role(this, 'LogRole', {
      description: 'API Gateway: writes the logs of all APIs in this account and region',
      assumedBy: new iam.ServicePrincipal('apigateway.amazonaws.com'),
      managedPolicies: [
        iam.ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs'),
      ],
    });
    const account = new apigateway.CfnAccount(this, 'Account', { cloudWatchRoleArn: role.roleArn });
    const resource = role.node.defaultChild as iam.CfnRole;
    for (const kept of [resource, account]) {
      kept.cfnOptions.condition = condition;
      kept.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    }
    this.acknowledge(
      role,
      [
        'IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
      ],
      'API Gateway refuses a role for its logs that has fewer permissions than this policy.',
    );
    return Fn.conditionIf(condition.logicalId, account.ref, "the account's role").toString();
  }

  private acknowledgeFindings(api: apigateway.RestApi, method: apigateway.Method): void {
    this.acknowledge(
      api,
      ['APIG2'],
      'The handler validates the request itself: the body is a signed token, which a model of API Gateway cannot verify.',
    );
    this.acknowledge(
      api.deploymentStage,
      ['APIG3', 'APIG6'],
      'Only the Co-signer reaches the API, through one VPC endpoint. The access log and the function log each request.',
    );
    this.acknowledge(
      method,
      ['APIG4', 'COG4'],
      'The Co-signer signs a token in the body, which the handler verifies; it cannot sign requests to AWS.',
    );
  }
}

/** Without the denial, an identity of this account could invoke the API through another endpoint. */
function onlyThrough(endpointId: string): iam.PolicyDocument {
  const invoke = {
    principals: [new iam.AnyPrincipal()],
    actions: ['execute-api:Invoke'],
    resources: ['execute-api:/*'],
  };
  return new iam.PolicyDocument({
    statements: [
      new iam.PolicyStatement({
        ...invoke,
        effect: iam.Effect.DENY,
        conditions: { StringNotEquals: { 'aws:SourceVpce': endpointId } },
      }),
      new iam.PolicyStatement({ ...invoke, conditions: { StringEquals: { 'aws:SourceVpce': endpointId } } }),
    ],
  });
}
