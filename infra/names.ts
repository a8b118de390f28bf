// Names for environments, stacks and AWS resources. The names that operators type do not contain the project's name, so
// an account holds one project per region and environment. Names of stacks, buckets, parameters and the table begin with
// the project's name.

export const ENVIRONMENT_NAMES = ['dev', 'staging', 'prod'] as const;
export type EnvironmentName = (typeof ENVIRONMENT_NAMES)[number];

export type Names = ReturnType<typeof namesOf>;

/** A target group's protocol can't be changed, and CloudFormation can't replace a group by one of the same name. */
export interface TargetGroupNames {
  /** Of the group that sends plain HTTP to the tasks. */
  readonly plain: string;
  /** Of the group that sends HTTPS. */
  readonly tls: string;
}

/** The alias of the function that is called: always one version, and with provisioned concurrency. */
export const FUNCTION_ALIAS = 'live';

/** The parameter of the function's stack with the version that is called while a newer one is checked. */
export const LIVE_VERSION = 'LiveVersion';

/** @param project the `projectName` setting */
export function namesOf(project: string, environment: EnvironmentName) {
  const prefix = `${project}-${environment}`;
  const cluster = `fireblocks-callback-cluster-${environment}`;
  return {
    prefix,
    cluster,
    service: 'callback-handler-service',
    container: 'callback-handler',
    taskFamily: `callback-handler-${environment}`,
    loadBalancer: `callback-handler-${environment}`,
    targetGroups: {
      plain: `callback-handler-tg-${environment}`,
      tls: `callback-handler-tls-${environment}`,
      /** Of the group that invokes the function. */
      function: `callback-handler-fn-${environment}`,
    },
    function: `callback-handler-${environment}`,
    /** The REST API, whose only stage is named after the environment. */
    api: `callback-handler-${environment}`,
    /** The console's own service. */
    console: {
      service: 'callback-handler-console-service',
      container: 'callback-handler-console',
      taskFamily: `callback-handler-console-${environment}`,
      targetGroups: {
        plain: `callback-console-tg-${environment}`,
        tls: `callback-console-tls-${environment}`,
      },
      /** The SNS topic that notifies people of requests that wait for them. */
      topic: `${prefix}-holds`,
      /** What the console signs its webhook with. Not among `parameters`: the handler may not read it. */
      webhookSecret: `/${project}/${environment}/webhook-secret`,
    },
    repository: `fireblocks-callback-${environment}`,
    imageBuild: `fireblocks-callback-${environment}`,
    /** The store's table in DynamoDB. */
    table: `${prefix}-store`,
    /** CloudWatch namespace for the metrics that are extracted from the service's log. */
    metrics: `CallbackHandler/${prefix}`,
    logGroups: {
      service: `/ecs/callback-handler/${environment}`,
      function: `/aws/lambda/callback-handler-${environment}`,
      /** Access log of the API. */
      api: `/aws/apigateway/callback-handler-${environment}`,
      console: `/ecs/callback-handler-console/${environment}`,
      containerInsights: `/aws/ecs/containerinsights/${cluster}/performance`,
      imageBuild: `/codebuild/fireblocks-callback-${environment}`,
    },
    /** The handler's public key, for people and commands: a plain parameter. Not among `parameters`, which the handler reads. */
    publicKey: `/${project}/${environment}/jwt/callback-public-key`,
    parameters: {
      callbackPrivateKey: `/${project}/${environment}/jwt/callback-private-key`,
      cosignerPublicKey: `/${project}/${environment}/jwt/cosigner-public-key`,
      policy: `/${project}/${environment}/policy`,
      policyStop: `/${project}/${environment}/policy-stop`,
      policyCandidate: `/${project}/${environment}/policy-candidate`,
    },
  } as const;
}

/** Includes account and region, because bucket names are unique across all of AWS. */
export function bucketName(
  { prefix }: Pick<Names, 'prefix'>,
  purpose: 'archive' | 'cosigner' | 'logs' | 'policy' | 'source',
  account: string,
  region: string,
): string {
  return `${prefix}-${purpose}-${account}-${region}`;
}

/** The bucket with the policies that do not fit in a parameter, those that are signed, and lists. */
export function policyBucket(names: Pick<Names, 'prefix'>, account: string, region: string): string {
  return bucketName(names, 'policy', account, region);
}

/** Prefix of all objects in the archive's bucket. */
export const ARCHIVE_PREFIX = 'archive';

/** The bucket with sealed heads and the records that are too large for the table. */
export function archiveBucket(names: Pick<Names, 'prefix'>, account: string, region: string): string {
  return bucketName(names, 'archive', account, region);
}

/** The port at which the load balancer serves the console. */
export const CONSOLE_LISTENER_PORT = 8443;
/** The port at which the console's task serves it. */
export const CONSOLE_PORT = 3001;

/** All stacks, in deployment order. */
export const STACK_NAMES = [
  'foundation',
  'security',
  'image',
  'function',
  'callback',
  'api',
  'console',
  'cosigner',
] as const;
export type StackName = (typeof STACK_NAMES)[number];

/** What runs the handler. */
export type Compute = 'fargate' | 'lambda';
/** What the Co-signer calls. */
export type Front = 'alb' | 'api';

/** The stacks that the settings call for, in deployment order. */
export function stackNames(settings: {
  /** @default fargate */
  readonly compute?: Compute;
  /** @default alb */
  readonly front?: Front;
  readonly cosigner: boolean;
  readonly console?: object | undefined;
}): readonly StackName[] {
  const { compute = 'fargate', front = 'alb', cosigner, console: withConsole } = settings;
  const wanted: Readonly<Partial<Record<StackName, boolean>>> = {
    function: compute === 'lambda',
    callback: front === 'alb',
    api: front === 'api',
    console: withConsole !== undefined,
    cosigner,
  };
  return STACK_NAMES.filter((name) => wanted[name] ?? true);
}

/** The log group with the handler's own log. */
export function handlerLog(
  { logGroups }: Pick<Names, 'logGroups'>,
  { compute }: { readonly compute: Compute },
): string {
  return compute === 'lambda' ? logGroups.function : logGroups.service;
}
