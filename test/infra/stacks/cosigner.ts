// Tests the optional Co-signer stack.
import { Match } from 'aws-cdk-lib/assertions';
import t from 'tap';
import { CHOICES, PCR8 } from '../../helpers/settings.js';
import { listOf, type Statement, synthesize, toText } from '../../helpers/stacks.js';

const stacks = synthesize('dev', CHOICES.cosigner);
const cosigner = stacks.template('cosigner');

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
    DisableApiTermination: false,
  });
  synthesize('prod', CHOICES.cosigner)
    .template('cosigner')
    .hasResourceProperties('AWS::EC2::Instance', { DisableApiTermination: true });
  const [instance] = stacks.resources('AWS::EC2::Instance');
  const userData = toText((instance?.Properties['UserData'] as Record<string, unknown>)['Fn::Base64']);
  t.match(userData, 'dnf install -y aws-nitro-enclaves-cli');
  t.match(userData, 'systemctl enable --now nitro-enclaves-allocator.service');
  t.match(userData, String.raw`memory_mib: 4096\ncpu_count: 2\n`);
  t.end();
});

t.test('the machine image is the latest Amazon Linux 2023, or the one in the settings', (t) => {
  const parameters = Object.values(cosigner.findParameters('*')) as { Type: string; Default: string }[];
  t.match(parameters, [
    {
      Type: 'AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>',
      Default: /^\/aws\/service\/ami-amazon-linux-latest\/al2023-ami-kernel-.*-x86_64$/,
    },
  ]);
  const named = synthesize('dev', { ...CHOICES.cosigner, cosignerImageId: 'ami-0123456789abcdef0' });
  named.template('cosigner').hasResourceProperties('AWS::EC2::Instance', {
    ImageId: { 'Fn::FindInMap': ['Images', { Ref: 'AWS::Region' }, 'cosigner'] },
  });
  named.template('cosigner').hasMapping('Images', {
    'ap-northeast-1': { cosigner: 'ami-0123456789abcdef0' },
  });
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
  const denied = listOf(closed?.Action).map((action) => new RegExp(`^${action.replaceAll('*', '.*')}$`));
  for (const action of [
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:GetObject',
    's3:GetObjectVersion',
    's3:ListBucket',
    's3:ListBucketVersions',
    's3:PutObject',
    's3:PutObjectTagging',
    's3:PutObjectVersionAcl',
    's3:RestoreObject',
  ]) {
    t.ok(
      denied.some((pattern) => pattern.test(action)),
      action,
    );
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
