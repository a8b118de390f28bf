// Breaks keys, policy, store and alarms, one after the other, and sees that the doctor names exactly this part as the next
// to fix.
import { SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { ListSubscriptionsByTopicCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { DeleteParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import t from 'tap';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { patientIn } from '../helpers/doctor.js';
import { rsaPair } from '../helpers/keys.js';
import { ARCHIVE, clientsAt } from '../helpers/whole-account.js';

t.setTimeout(600_000);

const HELD = `version: 1
approvers:
  alice: { name: Alice Example, passkeys: [] }
holds:
  treasury: { of: [alice], quorum: 1, expires: 50m }
rules:
  - { id: large, for: transaction, when: 'true', action: hold, hold: treasury }
`;

t.test('keys, policy, store and alarms', async (t) => {
  const patient = await patientIn(t);
  const { cloudwatch, dynamodb, s3, sns } = clientsAt(patient.moto.endpoint);
  const ssm = new SSMClient(clientOptions(patient.moto.endpoint));
  const whole = await patient.deploy(t);
  const { parameters } = NAMES;
  const values = new Map<string, string>();
  for (const name of Object.values(parameters))
    values.set(name, (await patient.account.parameter(name))?.Value ?? '');
  const put = (name: string, value: string) => patient.account.put(name, value, 'SecureString');
  const restore = (name: string) => put(name, values.get(name) ?? '');
  const remove = (Name: string) => ssm.send(new DeleteParameterCommand({ Name }));

  await patient.finds(t, 'the policy is deleted', {
    breaks: () => remove(parameters.policy),
    repair: () => restore(parameters.policy),
    check: 'policy',
    problem: /\/fireblocks\/dev\/policy is missing/,
    next: /npm run policy -- push -e dev/,
  });

  await patient.finds(t, 'the policy is not one', {
    breaks: () => put(parameters.policy, 'rules: nonsense'),
    repair: () => restore(parameters.policy),
    check: 'policy',
    problem: /can't be used as the policy/,
    next: /npm run policy -- push -e dev/,
  });

  await patient.finds(t, 'the policy holds requests, but there is no console', {
    breaks: () => put(parameters.policy, HELD),
    repair: () => restore(parameters.policy),
    check: 'policy',
    problem: /console/,
    next: /npm run policy -- push -e dev/,
  });

  await patient.finds(t, "the handler's key is replaced by hand", {
    breaks: () => put(parameters.callbackPrivateKey, rsaPair().privatePem),
    repair: async () => {
      await restore(parameters.callbackPrivateKey);
      await patient.place.run('deploy', '--yes');
    },
    check: 'callback key',
    problem: /version 2 of \/fireblocks\/dev\/jwt\/callback-private-key was not stored by a deployment/,
    next: /npm run deploy -- -e dev/,
  });

  await patient.finds(t, "the handler's key is deleted", {
    breaks: () => remove(parameters.callbackPrivateKey),
    repair: async () => {
      await patient.place.run('deploy', '--yes');
    },
    check: 'callback key',
    problem: /is missing: no task can start/,
    next: /npm run deploy -- -e dev/,
  });

  await patient.finds(t, "the Co-signer's key is no key", {
    breaks: () => put(parameters.cosignerPublicKey, 'nonsense'),
    repair: () => restore(parameters.cosignerPublicKey),
    check: 'Co-signer keys',
    problem: /can't be used/,
    next: /npm run keys -- cosigner cosigner_public\.pem -e dev/,
  });

  await patient.finds(t, "the Co-signer's key is missing", {
    breaks: () => remove(parameters.cosignerPublicKey),
    repair: () => restore(parameters.cosignerPublicKey),
    check: 'Co-signer keys',
    problem: /is missing: every request is refused/,
    next: /npm run keys -- cosigner/,
  });

  await patient.finds(t, 'an emergency stop is in force', {
    breaks: () => patient.place.run('policy', 'stop'),
    repair: () => patient.place.run('policy', 'resume'),
    check: 'emergency stop',
    problem: /every request gets RETRY since 20/,
    next: /npm run policy -- resume -e dev/,
  });

  await patient.finds(t, 'the table is deleted', {
    breaks: () => dynamodb.send(new DeleteTableCommand({ TableName: NAMES.table })),
    repair: async () => {
      await dynamodb.send(
        new CreateTableCommand({
          TableName: NAMES.table,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'p', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'p', KeyType: 'HASH' }],
        }),
      );
      await whole.protectTable(true);
    },
    check: 'table',
    problem: /fireblocks-dev-store does not exist/,
    next: /"Restore the table".* npm run policy -- stop -e dev$/,
  });

  await patient.finds(t, 'point-in-time recovery is turned off', {
    breaks: () => whole.protectTable(false),
    repair: () => whole.protectTable(true),
    check: 'table',
    problem: /point-in-time recovery of fireblocks-dev-store is off/,
    next: /aws dynamodb update-continuous-backups --table-name fireblocks-dev-store/,
  });

  await patient.finds(t, "the archive's lock is shortened", {
    breaks: () => whole.lock(30),
    repair: () => whole.lock(400),
    check: 'archive',
    problem: /GOVERNANCE, 30 days; the settings specify GOVERNANCE, 400 days/,
    next: /aws s3api put-object-lock-configuration/,
  });

  const versions = (Status: 'Enabled' | 'Suspended') =>
    s3.send(new PutBucketVersioningCommand({ Bucket: ARCHIVE, VersioningConfiguration: { Status } }));

  await patient.finds(t, 'the archive keeps no versions', {
    breaks: () => versions('Suspended'),
    repair: () => versions('Enabled'),
    check: 'archive',
    problem: /keeps no versions/,
    next: /aws s3api put-bucket-versioning/,
  });

  const AlarmName = `${NAMES.prefix}-errors`;
  const alarm = (StateValue: 'ALARM' | 'OK') =>
    cloudwatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'one datapoint' }));

  await patient.finds(t, 'an alarm is firing', {
    breaks: () => alarm('ALARM'),
    repair: () => alarm('OK'),
    check: 'alarms',
    problem: /fireblocks-dev-errors is firing: one datapoint/,
    next: /"Monitoring" in DEPLOYMENT\.md/,
  });

  await patient.finds(t, 'the actions of an alarm are turned off', {
    breaks: () => whole.putAlarm(false),
    repair: () => whole.putAlarm(true),
    check: 'alarms',
    problem: /turned off: fireblocks-dev-errors/,
    next: /aws cloudwatch enable-alarm-actions --alarm-names fireblocks-dev-errors/,
  });

  await patient.finds(t, 'nobody is subscribed to the alarms', {
    breaks: async () => {
      const { Subscriptions = [] } = await sns.send(
        new ListSubscriptionsByTopicCommand({ TopicArn: whole.topic }),
      );
      for (const { SubscriptionArn } of Subscriptions)
        await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    },
    repair: () => whole.subscribe(),
    check: 'subscriptions',
    problem: /the topic has no subscription/,
    next: /aws sns subscribe --topic-arn .* --notification-endpoint ops@example\.com/,
  });
});
