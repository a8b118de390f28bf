// What all stacks have in common.
import { BootstraplessSynthesizer, Fn, RemovalPolicy, Stack, Tags, Validations } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct, IConstruct } from 'constructs';
import { type Environment, ENVIRONMENTS } from './environments.js';
import { type EnvironmentName, type Names, namesOf, type StackName } from './names.js';
import type { Settings } from './settings.js';

/** One environment of one company. */
export interface Deployment {
  readonly name: EnvironmentName;
  readonly environment: Environment;
  readonly settings: Settings;
  readonly names: Names;
}

export function deploymentOf(name: EnvironmentName, settings: Settings): Deployment {
  return { name, environment: ENVIRONMENTS[name], settings, names: namesOf(settings.projectName, name) };
}

/**
 * Tagged by CloudFormation alone, with the tags of the stack: validators don't know that the first two have tags, and
 * emulators not those of the third.
 */
const TAGGED_BY_STACK = [
  'AWS::CloudWatch::Dashboard',
  'AWS::ElasticLoadBalancingV2::Listener',
  'AWS::KMS::Key',
];

export abstract class ProjectStack extends Stack {
  protected readonly deployment: Deployment;
  /** Of what holds keys, images or records. */
  protected readonly removalPolicy: RemovalPolicy;

  constructor(scope: Construct, deployment: Deployment, name: StackName, description: string) {
    const { names, settings, environment } = deployment;
    const tags = {
      Project: settings.projectName,
      Environment: deployment.name,
      Stack: name,
      ManagedBy: 'cdk',
    };
    super(scope, `${names.prefix}-${name}`, {
      description: `Callback handler, ${deployment.name}: ${description}`,
      env: { region: settings.region, ...(settings.account !== undefined && { account: settings.account }) },
      // Nothing is uploaded besides the templates, so that the account needs no preparation.
      synthesizer: new BootstraplessSynthesizer(),
      terminationProtection: environment.production,
      suppressTemplateIndentation: true,
      tags,
    });
    this.deployment = deployment;
    // A first deployment that fails leaves nothing behind, so that the next one finds the names free.
    this.removalPolicy = environment.production
      ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
      : RemovalPolicy.DESTROY;
    for (const [key, value] of Object.entries(tags))
      Tags.of(this).add(key, value, { excludeResourceTypes: TAGGED_BY_STACK });
  }

  /** Said by the settings, so that nobody's account is looked into. */
  override get availabilityZones(): string[] {
    return [...this.zones()];
  }

  /** By the letter of the zone: validators take a whole name for a template that fits one region by mistake. */
  protected zones(): readonly [string, string] {
    const { region, availabilityZones } = this.deployment.settings;
    const relative = (zone: string): string => Fn.sub(`\${AWS::Region}${zone.slice(region.length)}`);
    return [relative(availabilityZones[0]), relative(availabilityZones[1])];
  }

  /** Names of buckets are unique in all of AWS. */
  protected bucketName(purpose: string): string {
    return `${this.deployment.names.prefix}-${purpose}-${this.account}-${this.region}`;
  }

  /** ARN of something in this account and region that has, or is to have, a name of ours. */
  protected arn(service: string, resource: string): string {
    return `arn:${this.partition}:${service}:${this.region}:${this.account}:${resource}`;
  }

  /** Lets findings of the AwsSolutions rule pack be, and says why. */
  protected acknowledge(construct: IConstruct, findings: string[], reason: string): void {
    for (const finding of findings) {
      Validations.of(construct).acknowledge({ id: `AwsSolutions::AwsSolutions-${finding}`, reason });
    }
  }

  /** Tells who used a bucket. The construct's own way would have the log bucket's policy name the bucket. */
  protected logAccess(bucket: s3.Bucket, logBucket: s3.IBucket): void {
    const resource = bucket.node.defaultChild as s3.CfnBucket;
    resource.loggingConfiguration = {
      destinationBucketName: logBucket.bucketName,
      logFilePrefix: `buckets/${bucket.node.id.toLowerCase()}/`,
    };
  }

  /** A group of the security stack, where all rules are: constructs that would add some of their own can't. */
  protected securityGroup(id: string, securityGroupId: string): ec2.ISecurityGroup {
    return ec2.SecurityGroup.fromSecurityGroupId(this, id, securityGroupId, { mutable: false });
  }

  protected parameterArns(): string[] {
    return Object.values(this.deployment.names.parameters).map((name) => this.arn('ssm', `parameter${name}`));
  }
}
