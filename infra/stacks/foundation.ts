// Network: a VPC with two private subnets and endpoints for the AWS services in use, or an existing VPC.
import { Annotations, CfnOutput, Duration } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { hasApi } from '../deployment.js';
import type { StackName } from '../names.js';
import type { ExistingNetwork } from '../settings.js';
import { type EndpointStatement, toPolicyStatement } from './endpoint-policy.js';
import { type EndpointInputs, interfaceEndpoints, s3Statements } from './endpoints.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';
import { TABLE_ACTIONS } from './store.js';

export interface Network {
  readonly vpc: ec2.IVpc;
  /** One subnet in each of the two availability zones. */
  readonly privateSubnets: readonly [ec2.ISubnet, ec2.ISubnet];
  /** Security group of the interface endpoints. */
  readonly endpointSecurityGroup: ec2.ISecurityGroup;
  /** The endpoint at which the Co-signer calls the API, if there is one. */
  readonly apiEndpoint?: ApiEndpoint | undefined;
}

export interface ApiEndpoint {
  readonly id: string;
  /** Its own group; undefined if the endpoint exists already. */
  readonly securityGroup?: ec2.ISecurityGroup;
}

interface GatewayEndpoint {
  readonly vpc: ec2.IVpc;
  readonly routeTableIds: string[];
  readonly statements: readonly EndpointStatement[];
}

export class FoundationStack extends ProjectStack {
  readonly network: Network;
  /** Receives load balancer and bucket access logs, and VPC flow logs. */
  readonly logBucket: s3.Bucket;

  constructor(scope: Construct, id: StackName, props: ProjectStackProps) {
    super(scope, id, props, 'network and VPC endpoints');
    this.logBucket = this.createLogBucket();

    const { network } = this.deployment.settings;
    this.network = 'vpcId' in network ? this.importNetwork(network) : this.createNetwork(network.cidr);
  }

  private createLogBucket(): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Logs', {
      bucketName: this.bucketName('logs'),
      // Load balancers can't write to a bucket that is encrypted with a customer managed key.
      encryption: s3.BucketEncryption.S3_MANAGED,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      lifecycleRules: [
        {
          expiration: Duration.days(this.deployment.sizing.retentionDays),
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
    this.acknowledge(bucket, ['S1'], 'The other buckets write their access logs to this bucket.');
    return bucket;
  }

  private createNetwork(cidr: string): Network {
    const { cosigner } = this.deployment.settings;
    const [zoneA, zoneB] = this.zones();
    const subnetCidr = (thirdByte: number): string => cidr.replace('.0.0/16', `.${thirdByte}.0/24`);

    const vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(cidr),
      availabilityZones: [zoneA, zoneB],
      subnetConfiguration: [],
      createInternetGateway: false,
      // The deploy command removes the rules of the default group: the CDK would do it with a Lambda function.
      restrictDefaultSecurityGroup: false,
    });
    new CfnOutput(this, 'DefaultSecurityGroup', {
      value: vpc.vpcDefaultSecurityGroup,
      description: 'Nothing uses it. The deploy command removes its rules',
    });
    const privateA = this.createPrivateSubnet('PrivateA', vpc, zoneA, subnetCidr(1));
    const privateB = this.createPrivateSubnet('PrivateB', vpc, zoneB, subnetCidr(2));
    if (cosigner) this.createNatGateway(vpc, zoneA, subnetCidr(0), privateA);

    vpc.addFlowLog('FlowLog', {
      destination: ec2.FlowLogDestination.toS3(this.logBucket),
      trafficType: ec2.FlowLogTrafficType.ALL,
    });
    const privateSubnets = [privateA, privateB] as const;
    const routeTableIds = privateSubnets.map(({ routeTable }) => routeTable.routeTableId);
    const endpointSecurityGroup = this.createEndpoints(vpc, privateSubnets, routeTableIds);
    const apiEndpoint = this.createApiEndpoint(vpc, privateSubnets);
    return { vpc, privateSubnets, endpointSecurityGroup, apiEndpoint };
  }

  private createPrivateSubnet(id: string, vpc: ec2.IVpc, availabilityZone: string, cidrBlock: string) {
    return new ec2.PrivateSubnet(this, id, { vpcId: vpc.vpcId, availabilityZone, cidrBlock });
  }

  /**
   * Internet access for the Co-signer, which calls Fireblocks. Security groups block all other use.
   */
  private createNatGateway(
    vpc: ec2.IVpc,
    availabilityZone: string,
    cidrBlock: string,
    privateSubnet: ec2.PrivateSubnet,
  ): void {
    const gateway = new ec2.CfnInternetGateway(this, 'InternetGateway');
    const attachment = new ec2.CfnVPCGatewayAttachment(this, 'InternetGatewayAttachment', {
      vpcId: vpc.vpcId,
      internetGatewayId: gateway.ref,
    });
    const publicSubnet = new ec2.PublicSubnet(this, 'Public', {
      vpcId: vpc.vpcId,
      availabilityZone,
      cidrBlock,
      mapPublicIpOnLaunch: false,
    });
    publicSubnet.addDefaultInternetRoute(gateway.ref, attachment);
    privateSubnet.addDefaultNatRoute(publicSubnet.addNatGateway().ref);
  }

  private importNetwork(existing: ExistingNetwork): Network {
    const [zoneA, zoneB] = this.zones();
    const [subnetA, subnetB] = existing.privateSubnetIds;
    const vpc = ec2.Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: existing.vpcId,
      availabilityZones: [zoneA, zoneB],
    });
    const importSubnet = (id: string, subnetId: string, availabilityZone: string): ec2.ISubnet => {
      const subnet = ec2.Subnet.fromSubnetAttributes(this, id, { subnetId, availabilityZone });
      // The S3 endpoint's route tables come from the settings, not from the subnets.
      Annotations.of(subnet).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
      return subnet;
    };
    const privateSubnets = [
      importSubnet('PrivateA', subnetA, zoneA),
      importSubnet('PrivateB', subnetB, zoneB),
    ] as const;
    const endpointSecurityGroup =
      existing.endpoints === 'create'
        ? this.createEndpoints(vpc, privateSubnets, existing.routeTableIds ?? [])
        : this.importEndpointSecurityGroup(existing);
    const apiEndpoint =
      existing.endpoints === 'create'
        ? this.createApiEndpoint(vpc, privateSubnets)
        : this.importApiEndpoint(existing);
    return { vpc, privateSubnets, endpointSecurityGroup, apiEndpoint };
  }

  private importApiEndpoint({ executeApiEndpointId: id }: ExistingNetwork): ApiEndpoint | undefined {
    return hasApi(this.deployment) && id !== undefined ? { id } : undefined;
  }

  private importEndpointSecurityGroup({ endpointSecurityGroupId }: ExistingNetwork): ec2.ISecurityGroup {
    if (endpointSecurityGroupId === undefined) {
      throw new Error(
        'network.endpointSecurityGroupId is missing: settings must be checked before synthesis',
      );
    }
    return ec2.SecurityGroup.fromSecurityGroupId(this, 'Endpoints', endpointSecurityGroupId);
  }

  /** @returns the security group of the interface endpoints; its rules are in the security stack */
  private createEndpoints(
    vpc: ec2.IVpc,
    privateSubnets: Network['privateSubnets'],
    routeTableIds: string[],
  ): ec2.SecurityGroup {
    const securityGroup = new ec2.SecurityGroup(this, 'Endpoints', {
      vpc,
      description: 'Endpoints of AWS services',
      allowAllOutbound: false,
    });
    const subnets = privateSubnets.slice(0, this.deployment.settings.network.endpointZones);
    for (const [id, service, statements] of interfaceEndpoints(this.endpointInputs())) {
      const endpoint = new ec2.InterfaceVpcEndpoint(this, id, {
        vpc,
        service,
        subnets: { subnets },
        securityGroups: [securityGroup],
        open: false,
      });
      for (const statement of statements) endpoint.addToPolicy(toPolicyStatement(statement, this.account));
    }
    this.createGatewayEndpoint('S3', 's3', {
      vpc,
      routeTableIds,
      statements: s3Statements(this.endpointInputs()),
    });
    this.createGatewayEndpoint('DynamoDb', 'dynamodb', {
      vpc,
      routeTableIds,
      statements: [
        { actions: TABLE_ACTIONS, resources: [this.arn('dynamodb', `table/${this.deployment.names.table}`)] },
      ],
    });
    return securityGroup;
  }

  /**
   * The endpoint of execute-api, with a group of its own, so that only the Co-signer reaches it. Its private DNS is off:
   * it would redirect calls to all other APIs in the region. API Gateway publishes a name for API and endpoint together.
   */
  private createApiEndpoint(
    vpc: ec2.IVpc,
    privateSubnets: Network['privateSubnets'],
  ): ApiEndpoint | undefined {
    if (!hasApi(this.deployment)) return undefined;
    const securityGroup = new ec2.SecurityGroup(this, 'ApiEndpoint', {
      vpc,
      description: 'The endpoint of the API: only the Co-signer reaches it',
      allowAllOutbound: false,
    });
    const endpoint = new ec2.InterfaceVpcEndpoint(this, 'ExecuteApi', {
      vpc,
      service: ec2.InterfaceVpcEndpointAwsService.APIGATEWAY,
      subnets: { subnets: privateSubnets.slice(0, this.deployment.settings.network.endpointZones) },
      securityGroups: [securityGroup],
      privateDnsEnabled: false,
      open: false,
    });
    // Callers are anonymous, and the API does not exist yet. Its own policy admits nobody but this endpoint.
    const invoke = {
      actions: ['execute-api:Invoke'],
      resources: [this.arn('execute-api', '*')],
      anyAccount: true,
    };
    endpoint.addToPolicy(toPolicyStatement(invoke, this.account));
    // Also while only a deployed API uses it, which is not synthesized any more.
    new CfnOutput(this, 'ExecuteApiEndpoint', {
      value: endpoint.vpcEndpointId,
      description: 'The endpoint at which the Co-signer calls the API',
    });
    return { id: endpoint.vpcEndpointId, securityGroup };
  }

  private endpointInputs(): EndpointInputs {
    return {
      deployment: this.deployment,
      arn: (service, resource) => this.arn(service, resource),
      bucketArn: (name) => `arn:${this.partition}:s3:::${name}`,
      bucketName: (purpose) => this.bucketName(purpose),
    };
  }

  /**
   * A gateway endpoint is free of charge, and is a route rather than a network interface. Security group rules refer to
   * it by the service's prefix list.
   */
  private createGatewayEndpoint(
    id: string,
    service: 's3' | 'dynamodb',
    { vpc, routeTableIds, statements }: GatewayEndpoint,
  ): void {
    new ec2.CfnVPCEndpoint(this, id, {
      vpcId: vpc.vpcId,
      serviceName: `com.amazonaws.${this.deployment.settings.region}.${service}`,
      vpcEndpointType: 'Gateway',
      routeTableIds,
      policyDocument: new iam.PolicyDocument({
        statements: statements.map((statement) => toPolicyStatement(statement, this.account)),
      }),
    });
  }
}
