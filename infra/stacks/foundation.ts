// The network: two private subnets, and private ways to the few AWS services that are needed. Or an existing VPC.
import { Annotations, Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { ExistingNetwork } from '../settings.js';
import { type Deployment, ProjectStack } from '../stack.js';
import {
  COSIGNER_BUCKET_ACTIONS,
  COSIGNER_OBJECT_ACTIONS,
  SESSION_MANAGER_ACTIONS,
} from './cosigner-permissions.js';

export interface Network {
  readonly vpc: ec2.IVpc;
  /** One in each of the two availability zones. */
  readonly privateSubnets: readonly [ec2.ISubnet, ec2.ISubnet];
  readonly endpointSecurityGroup: ec2.ISecurityGroup;
}

/** What may be asked of a service through its endpoint, and of what. */
interface EndpointStatement {
  readonly actions: string[];
  readonly resources: string[];
  /** Whoever asks: for files that AWS serves to everybody, or by signed URLs of its own. */
  readonly anyone?: boolean;
}

export class FoundationStack extends ProjectStack {
  readonly network: Network;
  /** Access logs of the load balancer and of buckets, flow logs of the VPC. */
  readonly logBucket: s3.Bucket;

  constructor(scope: Construct, deployment: Deployment) {
    super(scope, deployment, 'foundation', 'network and its endpoints');
    this.logBucket = this.createLogBucket();

    const { network } = deployment.settings;
    this.network = 'vpcId' in network ? this.useNetwork(network) : this.createNetwork(network.cidr);
  }

  private createLogBucket(): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Logs', {
      bucketName: this.bucketName('logs'),
      // Load balancers can't write into a bucket with a customer managed key.
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      lifecycleRules: [
        {
          expiration: Duration.days(this.deployment.environment.retentionDays),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: this.removalPolicy,
    });
    bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'BucketAccessLogs',
        principals: [new iam.ServicePrincipal('logging.s3.amazonaws.com')],
        actions: ['s3:PutObject'],
        resources: [bucket.arnForObjects('buckets/*')],
        conditions: { StringEquals: { 'aws:SourceAccount': this.account } },
      }),
    );
    this.acknowledge(bucket, ['S1'], 'It is where the other buckets write their access logs.');
    return bucket;
  }

  private createNetwork(cidr: string): Network {
    const { cosigner } = this.deployment.settings;
    const [zoneA, zoneB] = this.zones();
    const subnetCidr = (third: number): string => cidr.replace('.0.0/16', `.${third}.0/24`);

    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(cidr),
      availabilityZones: [zoneA, zoneB],
      subnetConfiguration: [],
      createInternetGateway: false,
      // Nothing is in the default group; closing it would take a Lambda function.
      restrictDefaultSecurityGroup: false,
    });
    const privateA = this.privateSubnet('PrivateA', vpc, zoneA, subnetCidr(1));
    const privateB = this.privateSubnet('PrivateB', vpc, zoneB, subnetCidr(2));
    if (cosigner) this.createWayOut(vpc, zoneA, subnetCidr(0), privateA);

    vpc.addFlowLog('FlowLog', {
      destination: ec2.FlowLogDestination.toS3(this.logBucket),
      trafficType: ec2.FlowLogTrafficType.ALL,
    });
    const routeTables = [privateA, privateB].map(({ routeTable }) => routeTable.routeTableId);
    return this.withEndpoints(vpc, [privateA, privateB], routeTables);
  }

  private privateSubnet(id: string, vpc: ec2.IVpc, availabilityZone: string, cidrBlock: string) {
    return new ec2.PrivateSubnet(this, id, { vpcId: vpc.vpcId, availabilityZone, cidrBlock });
  }

  /** For the Co-signer alone, which talks to Fireblocks: security groups keep everything else from using it. */
  private createWayOut(vpc: ec2.IVpc, zone: string, cidrBlock: string, from: ec2.PrivateSubnet): void {
    const gateway = new ec2.CfnInternetGateway(this, 'InternetGateway');
    const attachment = new ec2.CfnVPCGatewayAttachment(this, 'InternetGatewayAttachment', {
      vpcId: vpc.vpcId,
      internetGatewayId: gateway.ref,
    });
    const subnet = new ec2.PublicSubnet(this, 'Public', {
      vpcId: vpc.vpcId,
      availabilityZone: zone,
      cidrBlock,
      mapPublicIpOnLaunch: false,
    });
    subnet.addDefaultInternetRoute(gateway.ref, attachment);
    from.addDefaultNatRoute(subnet.addNatGateway().ref);
  }

  private useNetwork(existing: ExistingNetwork): Network {
    const [zoneA, zoneB] = this.zones();
    const [subnetA, subnetB] = existing.privateSubnetIds;
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: existing.vpcId,
      availabilityZones: [zoneA, zoneB],
    });
    const subnet = (id: string, subnetId: string, availabilityZone: string): ec2.ISubnet => {
      const imported = ec2.Subnet.fromSubnetAttributes(this, id, { subnetId, availabilityZone });
      // The S3 endpoint is given its route tables by itself.
      Annotations.of(imported).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
      return imported;
    };
    const privateSubnets = [subnet('PrivateA', subnetA, zoneA), subnet('PrivateB', subnetB, zoneB)] as const;

    const { endpointSecurityGroupId: groupId, routeTableIds = [] } = existing;
    if (existing.endpoints === 'create') return this.withEndpoints(vpc, privateSubnets, routeTableIds);
    if (groupId === undefined) throw new Error('the security group of the endpoints is needed');
    const endpointSecurityGroup = ec2.SecurityGroup.fromSecurityGroupId(this, 'Endpoints', groupId);
    return { vpc, privateSubnets, endpointSecurityGroup };
  }

  private withEndpoints(
    vpc: ec2.IVpc,
    privateSubnets: readonly [ec2.ISubnet, ec2.ISubnet],
    routeTableIds: string[],
  ): Network {
    const { cosigner, network } = this.deployment.settings;
    const { InterfaceVpcEndpointAwsService: Service } = ec2;
    // Who reaches them is said where the other groups are, in the security stack.
    const endpointSecurityGroup = new ec2.SecurityGroup(this, 'Endpoints', {
      vpc,
      description: 'Endpoints of AWS services',
      allowAllOutbound: false,
    });
    const subnets = privateSubnets.slice(0, network.endpointZones);
    const endpoint = (
      id: string,
      service: ec2.IInterfaceVpcEndpointService,
      ...statements: EndpointStatement[]
    ): void => {
      const made = new ec2.InterfaceVpcEndpoint(this, id, {
        vpc,
        service,
        subnets: { subnets },
        securityGroups: [endpointSecurityGroup],
        open: false,
      });
      for (const statement of statements) made.addToPolicy(this.toPolicyStatement(statement));
    };

    const { repository, logGroups } = this.deployment.names;
    const pull: EndpointStatement[] = [
      {
        actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        resources: [this.arn('ecr', `repository/${repository}`)],
      },
      { actions: ['ecr:GetAuthorizationToken'], resources: ['*'] },
    ];
    const sessions: EndpointStatement = { actions: SESSION_MANAGER_ACTIONS.ssmmessages, resources: ['*'] };
    const registration: EndpointStatement = { actions: SESSION_MANAGER_ACTIONS.ssm, resources: ['*'] };
    endpoint(
      'Ssm',
      Service.SSM,
      { actions: ['ssm:GetParameters'], resources: this.parameterArns() },
      ...(cosigner ? [registration] : []),
    );
    endpoint('EcrApi', Service.ECR, ...pull);
    endpoint('EcrDocker', Service.ECR_DOCKER, ...pull);
    endpoint('CloudWatchLogs', Service.CLOUDWATCH_LOGS, {
      actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      resources: [this.arn('logs', `log-group:${logGroups.service}:*`)],
    });
    if (cosigner) endpoint('SsmMessages', Service.SSM_MESSAGES, sessions);
    this.createS3Endpoint(vpc, routeTableIds);
    return { vpc, privateSubnets, endpointSecurityGroup };
  }

  /** Free, and a route rather than an address: whoever has a security group reaches it by the prefix list alone. */
  private createS3Endpoint(vpc: ec2.IVpc, routeTableIds: string[]): void {
    const { cosigner, region } = this.deployment.settings;
    const bucketArn = (name: string): string => `arn:${this.partition}:s3:::${name}`;
    const cosignerBucket = bucketArn(this.bucketName('cosigner'));
    const statements: EndpointStatement[] = [
      // Where ECR keeps the layers of images (Amazon ECR, "Minimum Amazon S3 bucket permissions").
      {
        actions: ['s3:GetObject'],
        resources: [bucketArn(`prod-${region}-starport-layer-bucket/*`)],
        anyone: true,
      },
    ];
    if (cosigner) {
      statements.push(
        { actions: COSIGNER_BUCKET_ACTIONS, resources: [cosignerBucket] },
        { actions: COSIGNER_OBJECT_ACTIONS, resources: [`${cosignerBucket}/*`] },
        { actions: ['s3:ListAllMyBuckets'], resources: ['*'] },
        // The packages of Amazon Linux 2023, and Fireblocks' certificates.
        {
          actions: ['s3:GetObject'],
          resources: [bucketArn(`al2023-repos-${region}-de612dc2/*`), bucketArn('fb-certs/*')],
          anyone: true,
        },
      );
    }
    new ec2.CfnVPCEndpoint(this, 'S3', {
      vpcId: vpc.vpcId,
      serviceName: `com.amazonaws.${region}.s3`,
      vpcEndpointType: 'Gateway',
      routeTableIds,
      policyDocument: new iam.PolicyDocument({
        statements: statements.map((statement) => this.toPolicyStatement(statement)),
      }),
    });
  }

  private toPolicyStatement({ actions, resources, anyone = false }: EndpointStatement): iam.PolicyStatement {
    return new iam.PolicyStatement({
      principals: [new iam.AnyPrincipal()],
      actions,
      resources,
      ...(!anyone && { conditions: { StringEquals: { 'aws:PrincipalAccount': this.account } } }),
    });
  }
}
