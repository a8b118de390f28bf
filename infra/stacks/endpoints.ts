// The VPC endpoints: one for each AWS service in use, and what each of them allows.
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { type Deployment, runsTasks } from '../deployment.js';
import { ARCHIVE_PREFIX, type bucketName as nameOfBucket } from '../names.js';
import {
  COSIGNER_BUCKET_ACTIONS,
  COSIGNER_OBJECT_ACTIONS,
  SESSION_MANAGER_ACTIONS,
} from './cosigner-permissions.js';
import type { EndpointStatement } from './endpoint-policy.js';
import { POLICY_BUCKET_ACTIONS, POLICY_OBJECT_ACTIONS } from './policy-bucket.js';
import { ARCHIVE_BUCKET_ACTIONS, ARCHIVE_OBJECT_ACTIONS } from './store.js';

export interface EndpointInputs {
  readonly deployment: Deployment;
  /** ARN of a resource in this account and region. */
  readonly arn: (service: string, resource: string) => string;
  /** ARN of a bucket by its name. */
  readonly bucketArn: (name: string) => string;
  /** The name of one of our own buckets. */
  readonly bucketName: (purpose: Parameters<typeof nameOfBucket>[1]) => string;
}

type InterfaceEndpoint = readonly [
  id: string,
  service: ec2.InterfaceVpcEndpointAwsService,
  statements: readonly EndpointStatement[],
];

export function interfaceEndpoints(inputs: EndpointInputs): readonly InterfaceEndpoint[] {
  const { InterfaceVpcEndpointAwsService: Service } = ec2;
  const { settings, names } = inputs.deployment;
  const pullImage: EndpointStatement[] = [
    {
      actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      resources: [inputs.arn('ecr', `repository/${names.repository}`)],
    },
    { actions: ['ecr:GetAuthorizationToken'], resources: ['*'] },
  ];
  const logGroups = [
    ...(runsTasks(inputs.deployment) ? [names.logGroups.service] : []),
    ...(settings.console === undefined ? [] : [names.logGroups.console]),
  ];
  const writeLog = {
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: logGroups.map((name) => inputs.arn('logs', `log-group:${name}:*`)),
  };
  const openSession = { actions: SESSION_MANAGER_ACTIONS.ssmmessages, resources: ['*'] };
  const publish = { actions: ['sns:Publish'], resources: [inputs.arn('sns', names.console.topic)] };
  return [
    ['Ssm', Service.SSM, ssmStatements(inputs)],
    ...(startsTasks(inputs.deployment)
      ? ([
          ['EcrApi', Service.ECR, pullImage],
          ['EcrDocker', Service.ECR_DOCKER, pullImage],
          ['CloudWatchLogs', Service.CLOUDWATCH_LOGS, [writeLog]],
        ] satisfies InterfaceEndpoint[])
      : []),
    ...(hasSessions(inputs.deployment)
      ? [['SsmMessages', Service.SSM_MESSAGES, [openSession]] satisfies InterfaceEndpoint]
      : []),
    ...(settings.console === undefined ? [] : [['Sns', Service.SNS, [publish]] satisfies InterfaceEndpoint]),
  ];
}

/**
 * Whether Fargate starts tasks in the VPC: those of the handler, or those of the console. Lambda pulls a function's image,
 * and writes its log, from outside.
 */
function startsTasks(deployment: Deployment): boolean {
  return runsTasks(deployment) || deployment.settings.console !== undefined;
}

/** Whether Session Manager reaches a host in the VPC: that of the Co-signer, or that of the console. */
function hasSessions({ settings }: Deployment): boolean {
  return settings.cosigner || settings.console?.host === true;
}

function ssmStatements({ deployment, arn }: EndpointInputs): readonly EndpointStatement[] {
  const { settings, names } = deployment;
  const parameters = [
    ...Object.values(names.parameters),
    ...(settings.console?.webhookUrl === undefined ? [] : [names.console.webhookSecret]),
  ];
  const readParameters = {
    actions: ['ssm:GetParameters'],
    resources: parameters.map((name) => arn('ssm', `parameter${name}`)),
  };
  const registerInstance = { actions: SESSION_MANAGER_ACTIONS.ssm, resources: ['*'] };
  return hasSessions(deployment) ? [readParameters, registerInstance] : [readParameters];
}

/** What the endpoint of S3 allows. */
export function s3Statements({
  deployment,
  bucketArn,
  bucketName,
}: EndpointInputs): readonly EndpointStatement[] {
  const { cosigner, region } = deployment.settings;
  // The bucket from which ECR serves image layers (Amazon ECR, "Minimum Amazon S3 bucket permissions").
  const pullLayers: EndpointStatement[] = startsTasks(deployment)
    ? [
        {
          actions: ['s3:GetObject'],
          resources: [bucketArn(`prod-${region}-starport-layer-bucket/*`)],
          anyAccount: true,
        },
      ]
    : [];
  const policyBucket = bucketArn(bucketName('policy'));
  const readPolicies: EndpointStatement[] = [
    { actions: POLICY_BUCKET_ACTIONS, resources: [policyBucket] },
    { actions: POLICY_OBJECT_ACTIONS, resources: [`${policyBucket}/*`] },
  ];
  const archive = bucketArn(bucketName('archive'));
  const useArchive: EndpointStatement[] = [
    { actions: ARCHIVE_BUCKET_ACTIONS, resources: [archive] },
    { actions: ARCHIVE_OBJECT_ACTIONS, resources: [`${archive}/${ARCHIVE_PREFIX}/*`] },
  ];
  if (!cosigner) return [...pullLayers, ...readPolicies, ...useArchive];
  const cosignerBucket = bucketArn(bucketName('cosigner'));
  return [
    ...pullLayers,
    ...readPolicies,
    ...useArchive,
    { actions: COSIGNER_BUCKET_ACTIONS, resources: [cosignerBucket] },
    { actions: COSIGNER_OBJECT_ACTIONS, resources: [`${cosignerBucket}/*`] },
    { actions: ['s3:ListAllMyBuckets'], resources: ['*'] },
    // The Amazon Linux 2023 package repositories, and Fireblocks' certificates.
    {
      actions: ['s3:GetObject'],
      resources: [bucketArn(`al2023-repos-${region}-de612dc2/*`), bucketArn('fb-certs/*')],
      anyAccount: true,
    },
  ];
}
