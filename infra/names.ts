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
    },
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
export const STACK_NAMES = ['foundation', 'security', 'image', 'callback', 'console', 'cosigner'] as const;
export type StackName = (typeof STACK_NAMES)[number];

/** The stacks that the settings call for, in deployment order. */
export function stackNames(settings: {
  readonly cosigner: boolean;
  readonly console?: object | undefined;
}): readonly StackName[] {
  const absent: readonly StackName[] = [
    ...(settings.console === undefined ? (['console'] as const) : []),
    ...(settings.cosigner ? [] : (['cosigner'] as const)),
  ];
  return STACK_NAMES.filter((name) => !absent.includes(name));
}
