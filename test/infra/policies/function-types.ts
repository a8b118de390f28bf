// What CloudFormation calls for the function and the API: as service-types.ts for all others.
import { ACCOUNT, arn, passRole, REGION, type ResourceType } from './resource-type.js';

const FUNCTION = arn('lambda', 'function:callback-handler-ENVIRONMENT');
/** Versions and aliases. */
const QUALIFIED = `${FUNCTION}:live`;
const of = (service: string, ...actions: readonly string[]): string[] =>
  actions.map((action) => `${service}:${action}`);
const on = (resource: string, ...actions: readonly string[]) =>
  actions.map((action) => ({ action: `lambda:${action}`, resource }));

/** API Gateway names actions after HTTP methods. APIs have no ARN that is known in advance. */
const api = (path: string): ResourceType => ({
  arn: () => `arn:aws:apigateway:${REGION}::/${path}`,
  read: ['apigateway:GET'],
  write: of('apigateway', 'DELETE', 'PATCH', 'POST', 'PUT'),
});
const anApi = 'restapis/a1b2c3d4e5';

export const FUNCTION_TYPES: Readonly<Record<string, ResourceType>> = {
  'AWS::Lambda::Function': {
    arn: () => FUNCTION,
    // Of properties that are not set as well, because the handler reads all of them.
    read: of(
      'lambda',
      ...['GetFunction', 'GetFunctionCodeSigningConfig', 'GetFunctionConfiguration'],
      ...['GetFunctionRecursionConfig', 'GetRuntimeManagementConfig', 'ListTags', 'ListVersionsByFunction'],
    ),
    write: of(
      'lambda',
      ...['CreateFunction', 'DeleteFunction', 'DeleteFunctionConcurrency', 'PutFunctionConcurrency'],
      ...['TagResource', 'UntagResource', 'UpdateFunctionCode', 'UpdateFunctionConfiguration'],
    ),
    also: [
      // Lambda checks that who creates a function from an image may pull it (AWS Lambda, "Amazon ECR permissions").
      ...of('ecr', 'BatchGetImage', 'GetDownloadUrlForLayer', 'GetRepositoryPolicy').map((action) => ({
        action,
        resource: arn('ecr', 'repository/fireblocks-callback-ENVIRONMENT'),
      })),
      ...of('ec2', 'DescribeSecurityGroups', 'DescribeSubnets', 'DescribeVpcs').map((action) => ({
        action,
        resource: '*',
      })),
      passRole('lambda'),
    ],
  },
  'AWS::Lambda::Version': {
    arn: () => QUALIFIED,
    read: of('lambda', 'GetFunctionConfiguration', 'GetProvisionedConcurrencyConfig'),
    write: of('lambda', 'DeleteFunction'),
    also: on(FUNCTION, 'ListVersionsByFunction', 'PublishVersion'),
  },
  'AWS::Lambda::Alias': {
    arn: () => QUALIFIED,
    read: of('lambda', 'GetAlias', 'GetProvisionedConcurrencyConfig'),
    write: of('lambda', 'DeleteProvisionedConcurrencyConfig', 'PutProvisionedConcurrencyConfig'),
    // An alias is authorized as its function.
    also: on(FUNCTION, 'CreateAlias', 'DeleteAlias', 'GetAlias', 'UpdateAlias'),
  },
  'AWS::Lambda::Permission': {
    arn: () => QUALIFIED,
    read: of('lambda', 'GetPolicy'),
    write: of('lambda', 'AddPermission', 'RemovePermission'),
  },
  'AWS::ApiGateway::RestApi': {
    ...api(anApi),
    also: [
      { action: 'apigateway:POST', resource: `arn:aws:apigateway:${REGION}::/restapis` },
      { action: 'apigateway:GET', resource: `arn:aws:apigateway:${REGION}::/restapis` },
      { action: 'apigateway:UpdateRestApiPolicy', resource: `arn:aws:apigateway:${REGION}::/${anApi}` },
      ...of('apigateway', 'DELETE', 'PUT').map((action) => ({
        action,
        resource: `arn:aws:apigateway:${REGION}::/tags/arn%3Aaws%3Aapigateway%3Aany`,
      })),
    ],
  },
  'AWS::ApiGateway::Resource': api(`${anApi}/resources/abc123`),
  'AWS::ApiGateway::Method': api(`${anApi}/resources/abc123/methods/ANY`),
  'AWS::ApiGateway::Deployment': api(`${anApi}/deployments/abc123`),
  'AWS::ApiGateway::Stage': api(`${anApi}/stages/dev`),
  'AWS::ApiGateway::Account': {
    arn: () => `arn:aws:apigateway:${REGION}::/account`,
    read: ['apigateway:GET'],
    write: ['apigateway:PATCH'],
    also: [
      passRole('apigateway'),
      ...of('iam', 'AttachRolePolicy', 'DetachRolePolicy').map((action) => ({
        action,
        resource: `arn:aws:iam::${ACCOUNT}:role/PROJECT-ENVIRONMENT-api-LogRole0A1B2C3D-ABCDEFGHIJKLM`,
        context: {
          'iam:PolicyARN': 'arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs',
        },
      })),
    ],
  },
};
