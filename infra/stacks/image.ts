// Where images lie, and what builds them: so that the operator needs no Docker.
import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { type Deployment, ProjectStack } from '../stack.js';

export interface ImageProps {
  readonly key: kms.IKey;
  readonly logBucket: s3.IBucket;
}

/** Of the bundle in the source bucket: a ZIP of the repository's files. */
const SOURCE_KEY = 'source.zip';

/** `IMAGE_TAG`, the git revision, is given to each build. Tags are immutable: an image that is there stays. */
export const BUILD_SCRIPT = `(
set -euo pipefail
: "\${IMAGE_TAG:?start the build with IMAGE_TAG, the revision that the source is of}"
if aws ecr describe-images --repository-name "$REPOSITORY_NAME" --image-ids imageTag="$IMAGE_TAG" >/dev/null 2>&1; then
  echo "$IMAGE_TAG is there already"
else
  # Docker Hub turns away pulls from shared addresses; its official images are in Amazon's public registry, too.
  base=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
  case $base in */*) ;; *) base=public.ecr.aws/docker/library/$base ;; esac
  aws ecr get-login-password | docker login --username AWS --password-stdin "\${REPOSITORY_URI%%/*}"
  docker build --build-arg NODE_IMAGE="$base" --build-arg REVISION="$IMAGE_TAG" --tag "$REPOSITORY_URI:$IMAGE_TAG" .
  docker push "$REPOSITORY_URI:$IMAGE_TAG"
fi
)`;

export class ImageStack extends ProjectStack {
  readonly repository: ecr.Repository;

  constructor(scope: Construct, deployment: Deployment, { key, logBucket }: ImageProps) {
    super(scope, deployment, 'image', 'repository and build');
    this.repository = this.createRepository(key);
    const source = this.createSourceBucket(key, logBucket);
    this.createBuild(key, source);

    new CfnOutput(this, 'RepositoryUri', { value: this.repository.repositoryUri });
    new CfnOutput(this, 'SourceBucket', {
      value: source.bucketName,
      description: `Takes the source as ${SOURCE_KEY}`,
    });
  }

  private createRepository(key: kms.IKey): ecr.Repository {
    const { production } = this.deployment.environment;
    return new ecr.Repository(this, 'Repository', {
      repositoryName: this.deployment.names.repository,
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      encryption: ecr.RepositoryEncryption.KMS,
      encryptionKey: key,
      lifecycleRules: [
        {
          rulePriority: 1,
          description: 'Untagged images go after a day',
          tagStatus: ecr.TagStatus.UNTAGGED,
          maxImageAge: Duration.days(1),
        },
        { rulePriority: 2, description: 'The last ten are kept', maxImageCount: 10 },
      ],
      removalPolicy: this.removalPolicy,
      emptyOnDelete: !production,
    });
  }

  private createSourceBucket(key: kms.IKey, logBucket: s3.IBucket): s3.Bucket {
    const bucket = new s3.Bucket(this, 'Source', {
      bucketName: this.bucketName('source'),
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: key,
      bucketKeyEnabled: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      versioned: true,
      lifecycleRules: [
        {
          expiration: Duration.days(30),
          noncurrentVersionExpiration: Duration.days(1),
          abortIncompleteMultipartUploadAfter: Duration.days(1),
        },
      ],
      removalPolicy: this.removalPolicy,
    });
    this.logAccess(bucket, logBucket);
    return bucket;
  }

  private createBuild(key: kms.IKey, source: s3.IBucket): void {
    const { names, settings, environment } = this.deployment;
    const arm = settings.architecture === 'arm64';
    const logGroup = new logs.LogGroup(this, 'BuildLog', {
      logGroupName: names.logGroups.imageBuild,
      retention: environment.retentionDays,
      encryptionKey: key,
      removalPolicy: this.removalPolicy,
    });
    new codebuild.Project(this, 'Build', {
      projectName: names.imageBuild,
      description: 'Builds the image of the callback handler, and pushes it',
      role: this.createBuildRole(key, source, logGroup).withoutPolicyUpdates(),
      source: codebuild.Source.s3({ bucket: source, path: SOURCE_KEY }),
      buildSpec: codebuild.BuildSpec.fromObjectToYaml({
        version: '0.2',
        env: { shell: 'bash' },
        phases: { build: { 'on-failure': 'ABORT', commands: [BUILD_SCRIPT] } },
      }),
      environment: {
        buildImage: arm
          ? codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
          : codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
        computeType: codebuild.ComputeType.SMALL,
        // Docker builds inside it, on a machine that is thrown away.
        privileged: true,
      },
      environmentVariables: {
        REPOSITORY_NAME: { value: this.repository.repositoryName },
        REPOSITORY_URI: { value: this.repository.repositoryUri },
      },
      encryptionKey: key,
      timeout: Duration.minutes(20),
      concurrentBuildLimit: 1,
      logging: { cloudWatch: { logGroup } },
      grantReportGroupPermissions: false,
    });
  }

  private createBuildRole(key: kms.IKey, source: s3.IBucket, logGroup: logs.ILogGroup): iam.Role {
    const role = new iam.Role(this, 'BuildRole', {
      description: 'Builds the image: reads the source, pushes to the one repository',
      assumedBy: new iam.ServicePrincipal('codebuild.amazonaws.com', {
        conditions: {
          StringEquals: {
            'aws:SourceArn': this.arn('codebuild', `project/${this.deployment.names.imageBuild}`),
          },
        },
      }),
    });
    const allow = (actions: string[], resources: string[], conditions = {}): void => {
      role.addToPolicy(new iam.PolicyStatement({ actions, resources, conditions }));
    };
    allow(['s3:GetObject', 's3:GetObjectVersion'], [source.arnForObjects(SOURCE_KEY)]);
    allow(['s3:GetBucketAcl', 's3:GetBucketLocation', 's3:ListBucket'], [source.bucketArn]);
    // The same key encrypts the handler's private key: it may be used for the source alone.
    allow(['kms:Decrypt'], [key.keyArn], {
      StringEquals: { 'kms:EncryptionContext:aws:s3:arn': source.bucketArn },
    });
    allow(['ecr:GetAuthorizationToken'], ['*']);
    allow(
      [
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:CompleteLayerUpload',
        'ecr:DescribeImages',
        'ecr:GetDownloadUrlForLayer',
        'ecr:InitiateLayerUpload',
        'ecr:PutImage',
        'ecr:UploadLayerPart',
      ],
      [this.repository.repositoryArn],
    );
    allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    this.acknowledge(role, ['IAM5[Resource::*]'], 'A token for ECR belongs to no repository.');
    return role;
  }
}
