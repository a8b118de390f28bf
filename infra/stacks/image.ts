// The image repository, and a CodeBuild project that builds the image, so that operators need no Docker.
import { CfnOutput, Duration } from 'aws-cdk-lib';
import * as codebuild from 'aws-cdk-lib/aws-codebuild';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { runsFunction } from '../deployment.js';
import type { StackName } from '../names.js';
import { ProjectStack, type ProjectStackProps } from './project-stack.js';

export interface ImageStackProps extends ProjectStackProps {
  /** Encrypts images, the source bucket, the build and its log. */
  readonly key: kms.IKey;
  /** Receives the source bucket's access logs. */
  readonly logBucket: s3.IBucket;
}

/** Object key of the source in its bucket: a ZIP file containing the repository. */
const SOURCE_KEY = 'source.zip';

/**
 * Builds and pushes an image. Each build gets the image's tag in `IMAGE_TAG`, the git revision in `REVISION`, and in
 * `IMAGE_TARGET` the stage of the Dockerfile, or nothing for the last one. Tags are immutable, so an existing image is not
 * built again.
 */
export const BUILD_SCRIPT = `(
set -euo pipefail
: "\${IMAGE_TAG:?set IMAGE_TAG to the tag of the image}"
if aws ecr describe-images --repository-name "$REPOSITORY_NAME" --image-ids imageTag="$IMAGE_TAG" >/dev/null 2>&1; then
  echo "$IMAGE_TAG already exists"
else
  # Docker Hub throttles pulls from shared addresses. Amazon's public registry has the same official images: those who
  # have logged in may pull ten a second, and everybody else together one.
  base=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
  case $base in */*) ;; *) base=public.ecr.aws/docker/library/$base ;; esac
  aws ecr get-login-password | docker login --username AWS --password-stdin "\${REPOSITORY_URI%%/*}"
  case $base in public.ecr.aws/*)
    aws ecr-public get-login-password --region us-east-1 | docker login --username AWS --password-stdin public.ecr.aws ||
      echo "no login to public.ecr.aws: pulling without one" ;;
  esac
  for wait in 5 15 45 0; do
    docker pull "$base" && break
    [ "$wait" != 0 ] || exit 1
    sleep "$wait"
  done
  # The tag is to name the image itself, not an index of it and of untagged attestations.
  export BUILDX_NO_DEFAULT_ATTESTATIONS=1
  docker build --build-arg NODE_IMAGE="$base" --build-arg REVISION="\${REVISION:-$IMAGE_TAG}" \\
    \${IMAGE_TARGET:+--target "$IMAGE_TARGET"} --tag "$REPOSITORY_URI:$IMAGE_TAG" .
  docker push "$REPOSITORY_URI:$IMAGE_TAG"
fi
)`;

export class ImageStack extends ProjectStack {
  readonly repository: ecr.Repository;

  constructor(scope: Construct, id: StackName, props: ImageStackProps) {
    super(scope, id, props, 'image repository and build');
    this.repository = this.createRepository(props);
    if (runsFunction(this.deployment)) this.allowFunction(this.repository);
    const source = this.createSourceBucket(props);
    this.createBuild(source, props);

    new CfnOutput(this, 'RepositoryUri', { value: this.repository.repositoryUri });
    new CfnOutput(this, 'SourceBucket', {
      value: source.bucketName,
      description: `Bucket for the source: upload it as ${SOURCE_KEY}`,
    });
  }

  private createRepository({ key }: ImageStackProps): ecr.Repository {
    const { production } = this.deployment.sizing;
    return new ecr.Repository(this, 'Repository', {
      repositoryName: this.deployment.names.repository,
      imageTagMutability: ecr.TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      encryption: ecr.RepositoryEncryption.KMS,
      encryptionKey: key,
      // No rule expires what has a tag: by count or age, it could be the image that runs, or the one to go back to. ECR
      // keeps what has none for as long as an index with a tag refers to it (Amazon ECR, "Lifecycle policies").
      lifecycleRules: [
        {
          rulePriority: 1,
          description: 'Delete untagged images after a day',
          tagStatus: ecr.TagStatus.UNTAGGED,
          maxImageAge: Duration.days(1),
        },
      ],
      removalPolicy: this.removalPolicy,
      emptyOnDelete: !production,
    });
  }

  /** Lambda pulls the image itself. Without this statement, it would add one whenever a function is created. */
  private allowFunction(repository: ecr.Repository): void {
    repository.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Lambda',
        principals: [new iam.ServicePrincipal('lambda.amazonaws.com')],
        actions: ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
        conditions: {
          StringEquals: { 'aws:SourceAccount': this.account },
          ArnLike: {
            'aws:SourceArn': `${this.arn('lambda', `function:${this.deployment.names.function}`)}*`,
          },
        },
      }),
    );
  }

  private createSourceBucket({ key, logBucket }: ImageStackProps): s3.Bucket {
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
    this.enableAccessLogs(bucket, logBucket);
    return bucket;
  }

  private createBuild(source: s3.IBucket, { key }: ImageStackProps): void {
    const { names, settings } = this.deployment;
    const logGroup = this.createLogGroup('BuildLog', names.logGroups.imageBuild, key);
    new codebuild.Project(this, 'Build', {
      projectName: names.imageBuild,
      description: 'Builds and pushes the callback handler image',
      role: this.createBuildRole(key, source, logGroup).withoutPolicyUpdates(),
      source: codebuild.Source.s3({ bucket: source, path: SOURCE_KEY }),
      buildSpec: codebuild.BuildSpec.fromObjectToYaml({
        version: '0.2',
        env: { shell: 'bash' },
        phases: { build: { 'on-failure': 'ABORT', commands: [BUILD_SCRIPT] } },
      }),
      environment: {
        buildImage:
          settings.architecture === 'arm64'
            ? codebuild.LinuxArmBuildImage.AMAZON_LINUX_2023_STANDARD_3_0
            : codebuild.LinuxBuildImage.AMAZON_LINUX_2023_5,
        computeType: codebuild.ComputeType.SMALL,
        // Docker needs privileged mode. CodeBuild discards the machine after each build.
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
      description: 'Image build: reads the source and pushes to the repository',
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
    // The key also encrypts the handler's private key, so the build may use it only for the source bucket.
    allow(['kms:Decrypt'], [key.keyArn], {
      StringEquals: { 'kms:EncryptionContext:aws:s3:arn': source.bucketArn },
    });
    // A condition on sts:AWSServiceName is known to refuse the token.
    allow(
      ['ecr:GetAuthorizationToken', 'ecr-public:GetAuthorizationToken', 'sts:GetServiceBearerToken'],
      ['*'],
    );
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
    this.acknowledge(
      role,
      ['IAM5[Resource::*]'],
      'Tokens for registries do not support resource-level permissions.',
    );
    return role;
  }
}
