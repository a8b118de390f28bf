// Tests the image stack, and the script that builds the image.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import t, { type Test } from 'tap';
import { BUILD_SCRIPT } from '../../../infra/stacks/image.js';
import { ROOT } from '../../helpers/cli.js';
import { synthesize } from '../../helpers/stacks.js';

t.test('tags are immutable; images are scanned and encrypted, and what has a tag is kept forever', (t) => {
  const image = synthesize().template('image');
  image.hasResourceProperties('AWS::ECR::Repository', {
    RepositoryName: 'fireblocks-callback-dev',
    ImageTagMutability: 'IMMUTABLE',
    ImageScanningConfiguration: { ScanOnPush: true },
    EncryptionConfiguration: { EncryptionType: 'KMS', KmsKey: Match.anyValue() },
  });
  const [repository] = Object.values(image.findResources('AWS::ECR::Repository')) as {
    Properties: { LifecyclePolicy: { LifecyclePolicyText: string } };
  }[];
  const { rules } = JSON.parse(repository?.Properties.LifecyclePolicy.LifecyclePolicyText ?? '{}') as {
    rules: { selection: object }[];
  };
  t.strictSame(
    rules.map(({ selection }) => selection),
    [{ tagStatus: 'untagged', countType: 'sinceImagePushed', countNumber: 1, countUnit: 'days' }],
  );
  t.end();
});

t.test('the build reads its source from S3, and runs on the same CPU architecture as the task', (t) => {
  for (const [architecture, type, cpu] of [
    ['x86_64', 'LINUX_CONTAINER', 'X86_64'],
    ['arm64', 'ARM_CONTAINER', 'ARM64'],
  ] as const) {
    const stacks = synthesize('dev', { architecture });
    stacks.template('image').hasResourceProperties('AWS::CodeBuild::Project', {
      Name: 'fireblocks-callback-dev',
      Source: { Type: 'S3' },
      Artifacts: { Type: 'NO_ARTIFACTS' },
      Environment: { Type: type, PrivilegedMode: true },
      LogsConfig: { CloudWatchLogs: { Status: 'ENABLED' } },
    });
    stacks.template('callback').hasResourceProperties('AWS::ECS::TaskDefinition', {
      RuntimePlatform: { CpuArchitecture: cpu, OperatingSystemFamily: 'LINUX' },
    });
  }
  t.end();
});

t.test('buckets are private, encrypted, and accept only TLS', (t) => {
  const stacks = synthesize();
  for (const { Properties } of stacks.resources('AWS::S3::Bucket')) {
    t.strictSame(Properties['PublicAccessBlockConfiguration'], {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    t.ok(Properties['BucketEncryption']);
  }
  const policies = JSON.stringify(stacks.resources('AWS::S3::BucketPolicy'));
  t.equal(
    policies.split('"aws:SecureTransport":"false"').length - 1,
    stacks.resources('AWS::S3::Bucket').length,
  );
  t.end();
});

/**
 * Runs the build script with fake `aws` and `docker` commands, which record their calls.
 * @param options.fails calls that fail, as a pattern of the shell
 * @returns the exit status, standard error, and the recorded calls
 */
function build(
  t: Test,
  variables: Record<string, string>,
  { dockerfile = '', imageExists = false, fails = 'nothing' } = {},
) {
  const directory = t.testdir();
  const calls = join(directory, 'calls');
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  const fakeCommand = (name: string, body: string): void => {
    writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${calls}\n${body}\n`, { mode: 0o755 });
  };
  fakeCommand(
    'aws',
    `case "$*" in *describe-images*) exit ${imageExists ? 0 : 254} ;; ${fails}) exit 254 ;; esac; echo a-password`,
  );
  fakeCommand(
    'docker',
    `case "$*" in login*) [ "$(cat)" = a-password ] ;; ${fails}) exit 1 ;; build*) echo "attestations off: $BUILDX_NO_DEFAULT_ATTESTATIONS" >>${calls} ;; esac`,
  );
  fakeCommand('sleep', '');
  writeFileSync(join(directory, 'Dockerfile'), dockerfile);
  writeFileSync(calls, '');
  const { status, stderr } = spawnSync('bash', ['-c', BUILD_SCRIPT], {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: `${bin}:${process.env['PATH'] ?? ''}`,
      REPOSITORY_NAME: 'fireblocks-callback-dev',
      REPOSITORY_URI: '111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/fireblocks-callback-dev',
      ...variables,
    },
  });
  return { status, stderr, calls: readFileSync(calls, 'utf8').trimEnd().split('\n') };
}

const DOCKERFILE = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
const IMAGE = '111122223333.dkr.ecr.ap-northeast-1.amazonaws.com/fireblocks-callback-dev:abc123';

t.test(
  'the build tags the image with its revision, and pulls the base from a registry without rate limits',
  (t) => {
    const { status, calls } = build(t, { IMAGE_TAG: 'abc123' }, { dockerfile: DOCKERFILE });
    const base = /^ARG NODE_IMAGE=(.+)$/m.exec(DOCKERFILE)?.[1] ?? '';
    t.equal(status, 0);
    // The two ends of a pipe start at the same time, so their order varies.
    t.strictSame(calls.slice(1, 3).sort(), [
      'aws ecr get-login-password',
      'docker login --username AWS --password-stdin 111122223333.dkr.ecr.ap-northeast-1.amazonaws.com',
    ]);
    t.strictSame(calls.slice(3, 5).sort(), [
      'aws ecr-public get-login-password --region us-east-1',
      'docker login --username AWS --password-stdin public.ecr.aws',
    ]);
    t.strictSame(calls.slice(5), [
      `docker pull public.ecr.aws/docker/library/${base}`,
      `docker build --build-arg NODE_IMAGE=public.ecr.aws/docker/library/${base} --build-arg REVISION=abc123 --tag ${IMAGE} .`,
      'attestations off: 1',
      `docker push ${IMAGE}`,
    ]);
    t.end();
  },
);

t.test('a base image from another registry is used unchanged', (t) => {
  const { calls } = build(
    t,
    { IMAGE_TAG: 'abc123' },
    { dockerfile: 'ARG NODE_IMAGE=registry.example.com/node:24' },
  );
  t.match(calls.join('\n'), 'NODE_IMAGE=registry.example.com/node:24 ');
  t.notMatch(calls.join('\n'), 'public');
  t.end();
});

t.test(
  'without a login to the public registry, as in other partitions, the base is pulled anonymously',
  (t) => {
    const { status, calls } = build(
      t,
      { IMAGE_TAG: 'abc123' },
      { dockerfile: DOCKERFILE, fails: 'ecr-public*' },
    );
    t.equal(status, 0);
    t.match(calls.at(-1), `docker push ${IMAGE}`);
    t.end();
  },
);

t.test('a base that cannot be pulled is tried again three times, and then the build fails', (t) => {
  const { status, calls } = build(t, { IMAGE_TAG: 'abc123' }, { dockerfile: DOCKERFILE, fails: 'pull*' });
  t.not(status, 0);
  t.strictSame(
    calls.slice(5).map((call) => call.replace(/ public.*/, '')),
    ['docker pull', 'sleep 5', 'docker pull', 'sleep 15', 'docker pull', 'sleep 45', 'docker pull'],
  );
  t.end();
});

t.test('the image for Lambda is another stage of the same revision', (t) => {
  const { status, calls } = build(
    t,
    { IMAGE_TAG: 'abc123-lambda', REVISION: 'abc123', IMAGE_TARGET: 'lambda' },
    { dockerfile: DOCKERFILE },
  );
  t.equal(status, 0);
  t.match(
    calls.find((call) => call.startsWith('docker build')),
    /--build-arg REVISION=abc123 --target lambda --tag \S+:abc123-lambda \.$/,
  );
  t.match(calls.at(-1), /^docker push \S+:abc123-lambda$/);
  t.end();
});

t.test('an existing image is not rebuilt', (t) => {
  const { status, calls } = build(t, { IMAGE_TAG: 'abc123' }, { imageExists: true });
  t.equal(status, 0);
  t.strictSame(calls, [
    'aws ecr describe-images --repository-name fireblocks-callback-dev --image-ids imageTag=abc123',
  ]);
  t.end();
});

t.test('a build without a revision fails immediately', (t) => {
  const { status, stderr, calls } = build(t, {}, { dockerfile: DOCKERFILE });
  t.not(status, 0);
  t.match(stderr, /IMAGE_TAG: set IMAGE_TAG to the tag of the image/);
  t.strictSame(calls, ['']);
  t.end();
});
