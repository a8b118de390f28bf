// Optional host for the Co-signer, set up as Fireblocks requires ("Install AWS Nitro API Co-signer"). The operator runs
// Fireblocks' installer on it.
import { CfnOutput, CfnParameter, Duration, Fn } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { StackName } from '../names.js';
import {
  COSIGNER_BUCKET_ACTIONS,
  COSIGNER_OBJECT_ACTIONS,
  DATABASE_ACTIONS,
  ENCLAVE_KEY_ACTIONS,
  SESSION_MANAGER_ACTIONS,
} from './cosigner-permissions.js';
import type { Network } from './foundation.js';
import { KEY_MANAGEMENT_ACTIONS } from './key-permissions.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';

export interface CosignerStackProps extends ProjectStackProps {
  /** The network that the host runs in. */
  readonly network: Network;
  /** Security group of the host. */
  readonly securityGroupId: string;
  /** Encrypts the bucket, in addition to the Co-signer's own encryption. */
  readonly key: kms.IKey;
  /** Receives the bucket's access logs. */
  readonly logBucket: s3.IBucket;
  /** Receives notifications from the host's alarms. */
  readonly alarmTopic: sns.ITopic;
}

/** Instance resources reserved for the enclave: two of four vCPUs, and 4 GiB of memory. */
const ENCLAVE = { cpus: 2, memoryMiB: 4096 };
/** How long the commands of the user data may take, in ISO 8601. Without a signal by then, the creation fails. */
const SETUP_LIMIT = 'PT15M';

export class CosignerStack extends ProjectStack {
  readonly instance: ec2.Instance;
  /** Holds the Co-signer's encrypted database. */
  readonly bucket: s3.Bucket;
  readonly enclaveKey: kms.Key;

  constructor(scope: Construct, id: StackName, props: CosignerStackProps) {
    super(scope, id, props, 'Co-signer host');
    const role = new iam.Role(this, 'Role', {
      description: 'Co-signer host',
      assumedBy: new iam.ServicePrincipal('ec2.amazonaws.com'),
    });
    this.enclaveKey = this.createEnclaveKey(role);
    this.bucket = this.createBucket(role, props);
    this.grantPermissions(role, props.key);
    this.instance = this.createInstance(role, props);
    this.createAlarms(props.alarmTopic);

    const { instance, bucket, enclaveKey } = this;
    new CfnOutput(this, 'InstanceId', {
      value: instance.instanceId,
      description: 'Use with: aws ssm start-session --target',
    });
    new CfnOutput(this, 'BucketName', { value: bucket.bucketName, description: 'Enter it in the installer' });
    new CfnOutput(this, 'EnclaveKeyArn', {
      value: enclaveKey.keyArn,
      description: 'Enter it in the installer',
    });
  }

  /**
   * Only the enclave image signed by Fireblocks can use the key; neither the host's nor the account's root user can.
   */
  private createEnclaveKey(role: iam.IRole): kms.Key {
    const { settings, names, environment } = this.deployment;
    const pcr8 = settings.cosignerPcr8;
    if (pcr8 === undefined) {
      throw new Error('cosignerPcr8 is missing: settings must be checked before synthesis');
    }
    const statement = (sid: string, principal: iam.IPrincipal, actions: string[], conditions = {}) =>
      new iam.PolicyStatement({ sid, principals: [principal], actions, resources: ['*'], conditions });
    return new kms.Key(this, 'EnclaveKey', {
      alias: `${names.prefix}-enclave`,
      description: `Co-signer, ${environment}: encrypts its database; only the attested enclave can use it`,
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

  private createBucket(role: iam.IRole, { key, logBucket }: CosignerStackProps): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Bucket', {
      bucketName: this.bucketName('cosigner'),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      versioned: true,
      // No version of the database expires.
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: this.removalPolicy,
    });
    this.enableAccessLogs(bucket, logBucket);
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'CosignerAlone',
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        // Includes object versions: deleting them would permanently destroy the Co-signer's database.
        actions: DATABASE_ACTIONS,
        resources: [bucket.arnForObjects('*')],
        conditions: { ArnNotEquals: { 'aws:PrincipalArn': role.roleArn } },
      }),
    );
    return bucket;
  }

  private grantPermissions(role: iam.Role, key: kms.IKey): void {
    const { bucket, enclaveKey } = this;
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
      'Session Manager and s3:ListAllMyBuckets do not support resource-level permissions.',
    );
    this.acknowledge(
      role,
      [`IAM5[Resource::<${this.getLogicalId(bucket.node.defaultChild as s3.CfnBucket)}.Arn>/*]`],
      'The bucket belongs to the Co-signer, which reads and writes all of its objects.',
    );
  }

  private createInstance(role: iam.IRole, { network, securityGroupId }: CosignerStackProps): ec2.Instance {
    const { names, sizing } = this.deployment;
    const { production } = sizing;
    const [subnet] = network.privateSubnets;
    const rootVolume = ec2.BlockDeviceVolume.ebs(50, {
      volumeType: ec2.EbsDeviceVolumeType.GP3,
      encrypted: true,
      deleteOnTermination: !production,
    });
    const userData = enclaveUserData();
    const instance = new ec2.Instance(this, 'Instance', {
      instanceName: `${names.prefix}-cosigner`,
      vpc: network.vpc,
      vpcSubnets: { subnets: [subnet] },
      availabilityZone: subnet.availabilityZone,
      instanceType: ec2.InstanceType.of(ec2.InstanceClass.C5, ec2.InstanceSize.XLARGE),
      machineImage: { getImage: () => this.machineImage(userData) },
      role,
      securityGroup: this.importSecurityGroup('Group', securityGroupId),
      enclaveEnabled: true,
      userData,
      httpTokens: ec2.HttpTokens.REQUIRED,
      // Fireblocks requires two hops: the Co-signer's containers are one hop away from the host.
      httpPutResponseHopLimit: 2,
      blockDevices: [{ deviceName: '/dev/xvda', volume: rootVolume }],
      detailedMonitoring: true,
      associatePublicIpAddress: false,
    });
    instance.instance.cfnOptions.creationPolicy = { resourceSignal: { timeout: SETUP_LIMIT } };
    // Reports the exit code of the commands, also if one of them fails.
    userData.addSignalOnExitCommand(instance);
    this.acknowledge(
      instance,
      ['EC29'],
      'In prod, the deploy command protects the instance once it is created, so that a failed creation can roll back.',
    );
    return instance;
  }

  /**
   * A parameter, because another image replaces the instance. The deploy command gives it the image in the settings, or
   * that of the running instance, and the latest Amazon Linux 2023 only when the stack is created.
   */
  private machineImage(userData: ec2.UserData): ec2.MachineImageConfig {
    const { logicalId } = new CfnParameter(this, 'CosignerImageId', {
      // Not `AWS::EC2::Image::Id`: CloudFormation would refuse every update once Amazon has withdrawn the image.
      allowedPattern: 'ami-[0-9a-f]{8,17}',
      constraintDescription: 'must be the id of a machine image',
      description: 'Machine image of the instance. Another one replaces the instance',
    });
    return { imageId: Fn.sub(`\${${logicalId}}`), osType: ec2.OperatingSystemType.LINUX, userData };
  }

  private createAlarms(topic: sns.ITopic): void {
    const { prefix } = this.deployment.names;
    const metric = (metricName: string, statistic: string): cloudwatch.Metric =>
      new cloudwatch.Metric({
        namespace: 'AWS/EC2',
        metricName,
        statistic,
        period: Duration.minutes(5),
        dimensionsMap: { InstanceId: this.instance.instanceId },
      });
    const alarms = [
      metric('CPUUtilization', cloudwatch.Stats.AVERAGE).createAlarm(this, 'Cpu', {
        alarmName: `${prefix}-cosigner-cpu`,
        alarmDescription: 'CPU utilization of the Co-signer host above 80 % for ten minutes',
        threshold: 80,
        comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
        evaluationPeriods: 2,
      }),
      metric('StatusCheckFailed', cloudwatch.Stats.MAXIMUM).createAlarm(this, 'StatusCheck', {
        alarmName: `${prefix}-cosigner-status-check`,
        alarmDescription: 'The Co-signer host has failed EC2 status checks for ten minutes',
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

/**
 * Installs the enclave tools and reserves CPUs and memory for the enclave. It runs once, when the instance is created.
 * **Do not change it**: a change would stop and start each running Co-signer, without running the new commands.
 */
function enclaveUserData(): ec2.UserData {
  const userData = ec2.UserData.forLinux();
  userData.addCommands(
    'set -eu',
    'dnf install -y aws-nitro-enclaves-cli aws-nitro-enclaves-cli-devel',
    `printf -- '---\\nmemory_mib: ${ENCLAVE.memoryMiB}\\ncpu_count: ${ENCLAVE.cpus}\\n' >/etc/nitro_enclaves/allocator.yaml`,
    'systemctl enable --now nitro-enclaves-allocator.service',
  );
  return userData;
}
