// Optional: the host of the Co-signer, as Fireblocks asks for it ("Install AWS Nitro API Co-signer"). Fireblocks'
// installer is run on it by hand.
import { Aws, CfnMapping, CfnOutput, Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { type Deployment, ProjectStack } from '../stack.js';
import {
  COSIGNER_BUCKET_ACTIONS,
  COSIGNER_OBJECT_ACTIONS,
  ENCLAVE_KEY_ACTIONS,
  KEY_MANAGEMENT_ACTIONS,
  SESSION_MANAGER_ACTIONS,
} from './cosigner-permissions.js';
import type { Network } from './foundation.js';

export interface CosignerProps {
  readonly network: Network;
  readonly securityGroupId: string;
  /** Encrypts what lies in the bucket, besides the Co-signer's own encryption. */
  readonly key: kms.IKey;
  readonly logBucket: s3.IBucket;
  readonly alarmTopic: sns.ITopic;
}

/** Two of the four vCPUs and 4 GiB are the enclave's. */
const ENCLAVE = { cpus: 2, memoryMiB: 4096 };

export class CosignerStack extends ProjectStack {
  constructor(scope: Construct, deployment: Deployment, props: CosignerProps) {
    super(scope, deployment, 'cosigner', 'host of the Co-signer');
    const role = new iam.Role(this, 'Role', {
      description: 'The Co-signer',
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
    });
    const enclaveKey = this.createEnclaveKey(role);
    const bucket = this.createBucket(role, props);
    this.permit(role, enclaveKey, bucket, props.key);
    const instance = this.createInstance(role, props);
    this.createAlarms(instance, props.alarmTopic);

    new CfnOutput(this, 'InstanceId', {
      value: instance.instanceId,
      description: 'aws ssm start-session --target',
    });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName, description: 'For the installer' });
    new CfnOutput(this, 'EnclaveKeyArn', { value: enclaveKey.keyArn, description: 'For the installer' });
  }

  /** Nobody uses it but the enclave that Fireblocks has signed: not the host's root user, not the account's. */
  private createEnclaveKey(role: iam.IRole): kms.Key {
    const pcr8 = this.deployment.settings.cosignerPcr8;
    if (pcr8 === undefined) throw new Error('the settings name the PCR8 of the Co-signer');
    const statement = (sid: string, principal: iam.IPrincipal, actions: string[], conditions = {}) =>
      new iam.PolicyStatement({ sid, principals: [principal], actions, resources: ['*'], conditions });
    return new kms.Key(this, 'EnclaveKey', {
      alias: `${this.deployment.names.prefix}-enclave`,
      description: `Co-signer, ${this.deployment.name}: its database; used by the attested enclave alone`,
      enableKeyRotation: true,
      removalPolicy: this.removalPolicy,
      policy: new iam.PolicyDocument({
        statements: [
          statement('AttestedEnclave', role, ENCLAVE_KEY_ACTIONS, {
            StringEqualsIgnoreCase: { 'kms:RecipientAttestation:PCR8': pcr8 },
          }),
          statement('PolicyToCosigner', role, ['kms:GetKeyPolicy']),
          statement('Management', new iam.AccountRootPrincipal(), KEY_MANAGEMENT_ACTIONS),
        ],
      }),
    });
  }

  private createBucket(role: iam.IRole, { key, logBucket }: CosignerProps): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: this.bucketName('cosigner'),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      removalPolicy: this.removalPolicy,
    });
    this.logAccess(bucket, logBucket);
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'CosignerAlone',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        // Versions as well: whoever could delete those could take the Co-signer's database away for good.
        actions: [
          's3:*Object*',
          's3:AbortMultipartUpload',
          's3:ListBucket',
          's3:ListBucketMultipartUploads',
          's3:ListBucketVersions',
          's3:ListMultipartUploadParts',
        ],
        resources: [bucket.bucketArn, bucket.arnForObjects('*')],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
      }),
    );
    return bucket;
  }

  private permit(role: iam.Role, enclaveKey: kms.IKey, bucket: s3.Bucket, key: kms.IKey): void {
    const allow = (actions: string[], resources: string[], conditions = {}): void => {
      role.addToPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    };
    allow([...ENCLAVE_KEY_ACTIONS, 'kms:GetKeyPolicy'], [enclaveKey.keyArn]);
    allow(['kms:Decrypt', 'kms:GenerateDataKey'], [key.keyArn], {
      StringEquals: { 'kms:EncryptionContext:aws:s3:arn': bucket.bucketArn },
    });
    allow(COSIGNER_BUCKET_ACTIONS, [bucket.bucketArn]);
    allow(COSIGNER_OBJECT_ACTIONS, [bucket.arnForObjects('*')]);
    allow(['s3:ListAllMyBuckets'], ['*']);
    allow([...SESSION_MANAGER_ACTIONS.ssm, ...SESSION_MANAGER_ACTIONS.ssmmessages], ['*']);
    this.acknowledge(
      role,
      ['IAM5[Resource::*]'],
      'The agent of Session Manager belongs to no resource, and neither does the list of buckets.',
    );
    this.acknowledge(
      role,
      [`IAM5[Resource::<${this.getLogicalId(bucket.node.defaultChild as s3.CfnBucket)}.Arn>/*]`],
      'All objects of the bucket are its own.',
    );
  }

  private createInstance(role: iam.IRole, { network, securityGroupId }: CosignerProps): ec2.Instance {
    const { names, environment } = this.deployment;
    const { production } = environment;
    const userData = ec2.UserData.forLinux();
    userData.addCommands(
      'set -eu',
      'dnf install -y aws-nitro-enclaves-cli aws-nitro-enclaves-cli-devel',
      `printf -- '---\\nmemory_mib: ${ENCLAVE.memoryMiB}\\ncpu_count: ${ENCLAVE.cpus}\\n' >/etc/nitro_enclaves/allocator.yaml`,
      'systemctl enable --now nitro-enclaves-allocator.service',
    );
    const instance = new ec2.Instance(this, 'Instance', {
      instanceName: `${names.prefix}-cosigner`,
      vpc: network.vpc,
      vpcSubnets: { subnets: [network.privateSubnets[0]] },
      availabilityZone: network.privateSubnets[0].availabilityZone,
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.C5, ec2.InstanceSize.XLARGE),
      machineImage: this.machineImage(),
      role,
      securityGroup: this.securityGroup('Group', securityGroupId),
      enclaveEnabled: true,
      userData,
      httpTokens: ec2.HttpTokens.REQUIRED,
      // Fireblocks asks for two: the Co-signer's services are a hop away.
      httpPutResponseHopLimit: 2,
      blockDevices: [
        {
          deviceName: '/dev/xvda',
          volume: ec2.BlockDeviceVolume.ebs(50, {
            volumeType: ec2.EbsDeviceVolumeType.GP3,
            encrypted: true,
            deleteOnTermination: !production,
          }),
        },
      ],
      detailedMonitoring: true,
      disableApiTermination: production,
      associatePublicIpAddress: false,
    });
    if (!production) {
      this.acknowledge(instance, ['EC29'], 'Only in prod: elsewhere it is to go with its stack.');
    }
    return instance;
  }

  private machineImage(): ec2.IMachineImage {
    const { cosignerImageId, region } = this.deployment.settings;
    if (cosignerImageId === undefined) return ec2.MachineImage.latestAmazonLinux2023();
    // In a mapping, because a parameter would keep its first value, and validators frown on an id as it is.
    const images = new CfnMapping(this, 'Images', { mapping: { [region]: { cosigner: cosignerImageId } } });
    return ec2.MachineImage.genericLinux({ [region]: images.findInMap(Aws.REGION, 'cosigner') });
  }

  private createAlarms(instance: ec2.Instance, topic: sns.ITopic): void {
    const { prefix } = this.deployment.names;
    const metric = (metricName: string, statistic: string): cloudwatch.Metric =>
      new cloudwatch.Metric({
        namespace: 'AWS/EC2',
        metricName,
        statistic,
        period: Duration.minutes(5),
        dimensionsMap: { InstanceId: instance.instanceId },
      });
    const alarms = [
      metric('CPUUtilization', cloudwatch.Stats.AVERAGE).createAlarm(this, 'Cpu', {
        alarmName: `${prefix}-cosigner-cpu`,
        alarmDescription: 'The Co-signer host is busy: over 80 % for ten minutes',
        threshold: 80,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 2,
      }),
      metric('StatusCheckFailed', cloudwatch.Stats.MAXIMUM).createAlarm(this, 'StatusCheck', {
        alarmName: `${prefix}-cosigner-status-check`,
        alarmDescription: 'The Co-signer host fails the status checks of EC2',
        threshold: 1,
        evaluationPeriods: 2,
        treatMissingData: cloudwatch.TreatMissingData.BREACHING,
      }),
    ];
    for (const alarm of alarms) {
      alarm.addAlarmAction(new SnsAction(topic));
      alarm.addOkAction(new SnsAction(topic));
    }
  }
}
