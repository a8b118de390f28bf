// Tests the optional Co-signer stack.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Match } from 'aws-cdk-lib/assertions';
import t from 'tap';
import { CHOICES, PCR8 } from '../../helpers/settings.js';
import { listOf, type Statement, statements, synthesize, toText } from '../../helpers/stacks.js';

const stacks = synthesize('dev', CHOICES.cosigner);
const cosigner = stacks.template('cosigner');

function userData(): string {
  const [instance] = stacks.resources('AWS::EC2::Instance');
  return toText((instance?.Properties['UserData'] as Record<string, unknown>)['Fn::Base64']);
}

t.test('the stack exists only with "cosigner": true', (t) => {
  t.strictSame(
    synthesize().stacks.map(({ name }) => name),
    ['foundation', 'security', 'image', 'callback'],
  );
  t.strictSame(
    stacks.stacks.map(({ name }) => name),
    ['foundation', 'security', 'image', 'callback', 'cosigner'],
  );
  t.end();
});

t.test('the instance supports enclaves, and only Session Manager gives access to it', (t) => {
  cosigner.hasResourceProperties('AWS::EC2::Instance', {
    InstanceType: 'c5.xlarge',
    EnclaveOptions: { Enabled: true },
    MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    BlockDeviceMappings: [{ Ebs: { Encrypted: true, VolumeType: 'gp3' } }],
    KeyName: Match.absent(),
    NetworkInterfaces: [{ AssociatePublicIpAddress: false, GroupSet: [Match.anyValue()] }],
  });
  t.match(userData(), 'dnf install -y aws-nitro-enclaves-cli');
  t.match(userData(), 'systemctl enable --now nitro-enclaves-allocator.service');
  t.match(userData(), String.raw`memory_mib: 4096\ncpu_count: 2\n`);
  t.end();
});

t.test('the machine image is a parameter, so that no deployment replaces the host by itself', (t) => {
  for (const changes of [{}, { cosignerImageId: 'ami-0123456789abcdef0' }]) {
    const found = synthesize('dev', { ...CHOICES.cosigner, ...changes });
    // Not the path of a parameter in SSM, whose value changes with each image that Amazon publishes.
    t.match(found.stacks.at(-1)?.json.Parameters, {
      CosignerImageId: { Type: 'String', AllowedPattern: 'ami-[0-9a-f]{8,17}' },
    });
    found.template('cosigner').hasResourceProperties('AWS::EC2::Instance', {
      ImageId: { 'Fn::Sub': '${CosignerImageId}' },
    });
  }
  t.end();
});

t.test('the creation fails unless the commands of the user data succeed', (t) => {
  const [instance] = stacks.resources('AWS::EC2::Instance', 'cosigner');
  t.strictSame(instance?.CreationPolicy, { ResourceSignal: { Timeout: 'PT15M' } });
  const script = userData();
  const [id] = Object.entries(cosigner.findResources('AWS::EC2::Instance')).map(([id]) => id);
  t.match(script, `--stack fireblocks-dev-cosigner --resource ${id ?? ''} --region ap-northeast-1`);
  // The signal reports the exit code of whichever command is the last one.
  for (const [fails, code] of [
    ['nothing', 0],
    ['dnf', 7],
    ['systemctl', 7],
  ] as const) {
    const signals = join(t.testdir(), 'signals');
    const fake = (name: string): string => `${name}() { [ "$FAILS" != ${name} ] || return 7; }\n`;
    spawnSync(
      'bash',
      [
        '-c',
        fake('dnf') +
          fake('systemctl') +
          script
            .replace('/opt/aws/bin/cfn-signal', `echo >>${signals}`)
            .replace('/etc/nitro_enclaves/allocator.yaml', '/dev/null'),
      ],
      { env: { PATH: process.env['PATH'], FAILS: fails } },
    );
    t.match(readFileSync(signals, 'utf8'), new RegExp(` -e ${code}\n$`), fails);
  }
  t.end();
});

t.test('the user data stays as it is, because a change would stop each running Co-signer', (t) => {
  t.equal(
    createHash('sha256').update(userData()).digest('hex'),
    '7a5619a78652e67d18f6a59c58c74fa24ac676991ba7b8c2d432aadfc491f258',
    'a new host must be installed instead: say so in DEPLOYMENT.md before you change this',
  );
  t.end();
});

t.test('only the attested enclave can use its key; the account can only manage it', (t) => {
  const [key] = stacks.resources('AWS::KMS::Key', 'cosigner');
  t.equal(key?.Properties['EnableKeyRotation'], true);
  const { Statement } = key?.Properties['KeyPolicy'] as { Statement: Statement[] };
  const uses = /^kms:(\*|Decrypt|Encrypt|ReEncrypt|Generate|Sign|Verify|DeriveSharedSecret|CreateGrant)/;
  for (const { Sid, Action, Condition } of Statement) {
    if (!listOf(Action).some((action) => uses.test(action))) continue;
    t.equal(Sid, 'AttestedEnclave');
    t.strictSame(Condition, { StringEqualsIgnoreCase: { 'kms:RecipientAttestation:PCR8': PCR8 } });
  }
  t.end();
});

t.test('the bucket is versioned, encrypted, and denies access to all other principals', (t) => {
  cosigner.hasResourceProperties('AWS::S3::Bucket', {
    VersioningConfiguration: { Status: 'Enabled' },
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
    },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
  });
  const [policy] = stacks.resources('AWS::S3::BucketPolicy', 'cosigner');
  const { Statement } = policy?.Properties['PolicyDocument'] as { Statement: Statement[] };
  const closed = Statement.find(({ Sid }) => Sid === 'CosignerAlone');
  t.match(closed, { Effect: 'Deny', Principal: { AWS: '*' } });
  t.match(
    JSON.stringify(closed?.Condition),
    /^\{"ArnNotEquals":\{"aws:PrincipalArn":\{"Fn::GetAtt":\["Role\w+","Arn"\]\}\}\}$/,
  );
  t.strictSame(
    listOf(closed?.Resource as string).map((resource) => toText(resource).replace(/<\w+\.Arn>/, '')),
    ['/*'],
  );
  const denied = listOf(closed?.Action);
  for (const action of [
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:GetObject',
    's3:GetObjectVersion',
    's3:PutObject',
    's3:PutObjectTagging',
    's3:PutObjectVersionAcl',
    's3:RestoreObject',
  ]) {
    t.ok(denied.includes(action), action);
  }
  t.end();
});

t.test('no bucket denies CloudFormation to read how the bucket is configured', (t) => {
  for (const { where, statement } of statements(synthesize('prod', CHOICES.cosigner))) {
    if (!where.includes('AWS::S3::BucketPolicy') || statement.Effect !== 'Deny') continue;
    if ((statement.Condition?.['Bool'] as object | undefined) !== undefined) {
      t.strictSame(statement.Condition, { Bool: { 'aws:SecureTransport': 'false' } }, where);
      continue;
    }
    // Without patterns, and without actions on the bucket itself.
    for (const action of listOf(statement.Action))
      t.notMatch(action, /\*|Bucket(?!Owner)|Configuration$/, action);
  }
  t.end();
});

t.test('alarms cover CPU utilization and status checks', (t) => {
  for (const metric of ['CPUUtilization', 'StatusCheckFailed']) {
    cosigner.hasResourceProperties('AWS::CloudWatch::Alarm', {
      Namespace: 'AWS/EC2',
      MetricName: metric,
      AlarmActions: [Match.anyValue()],
    });
  }
  t.end();
});
