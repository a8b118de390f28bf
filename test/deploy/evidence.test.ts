// Tests what the doctor says about the account's own records: CloudTrail and AWS Config, both emulated by moto_server.
import {
  CloudTrailClient,
  CreateTrailCommand,
  DeleteTrailCommand,
  type EventSelector,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  ConfigServiceClient,
  PutConfigurationRecorderCommand,
  PutDeliveryChannelCommand,
  StartConfigurationRecorderCommand,
  StopConfigurationRecorderCommand,
} from '@aws-sdk/client-config-service';
import { CreateBucketCommand } from '@aws-sdk/client-s3';
import t, { type Test } from 'tap';
import type { Report } from '../../cli/doctor/report.js';
import { clientOptions } from '../helpers/aws.js';
import { awsError, json } from '../helpers/aws-proxy.js';
import { REGION, type Workspace } from '../helpers/operator.js';
import { scenarios } from '../helpers/scenarios.js';
import { clientsAt } from '../helpers/whole-account.js';

t.setTimeout(300_000);

const OTHER_REGION = 'eu-west-1';
const BUCKETS = ['archive', 'policy'].map((kind) => `fireblocks-dev-${kind}-123456789012-${REGION}`);
const HOW = 'see "CloudTrail and AWS Config" in DEPLOYMENT.md for what to record';
const NO_TRAIL = {
  state: 'note',
  text: `no trail records management events in ${REGION}: nobody sees who changed what`,
  next: HOW,
};
const NO_RECORDER = {
  state: 'note',
  text: `no recorder is on in ${REGION}: drift and open rules are found only by hand`,
  next: HOW,
};
const MANAGEMENT = { ReadWriteType: 'All', IncludeManagementEvents: true } as const;
const objectsOf = (...Values: string[]): EventSelector => ({
  ...MANAGEMENT,
  DataResources: [{ Type: 'AWS::S3::Object', Values }],
});

t.test('the account’s own records', async (t) => {
  const { moto, proxy, scenario } = await scenarios(t);
  const clientIn = (region: string) => new CloudTrailClient({ ...clientOptions(moto.endpoint), region });
  const cloudtrail = clientIn(REGION);
  const config = new ConfigServiceClient(clientOptions(moto.endpoint));
  const { s3 } = clientsAt(moto.endpoint);

  /** These checks need no deployment, and are hints: what they find is never the next thing to fix. */
  const findings = async (t: Test, place: Workspace, name: string) => {
    place.settings({});
    const report = await place.json<Report>('doctor');
    t.equal(report.next?.check, 'stacks', 'not blamed');
    const found = report.checks.find(({ check }) => check === name);
    t.equal(found?.hint, true);
    return found?.findings;
  };
  const createTrail = async (client = cloudtrail, more = {}) => {
    const LocationConstraint = REGION;
    await s3.send(
      new CreateBucketCommand({ Bucket: 'trails', CreateBucketConfiguration: { LocationConstraint } }),
    );
    await client.send(new CreateTrailCommand({ Name: 'company', S3BucketName: 'trails', ...more }));
  };
  const select = (selectors: object, client = cloudtrail) =>
    client.send(new PutEventSelectorsCommand({ TrailName: 'company', ...selectors }));
  const start = (client = cloudtrail) => client.send(new StartLoggingCommand({ Name: 'company' }));

  scenario('without a trail, says that nobody sees who changed what', async (t, place) => {
    t.strictSame(await findings(t, place, 'CloudTrail'), [NO_TRAIL]);
    const { stdout } = await place.run('doctor');
    t.match(stdout.replaceAll(/\s+/g, ' '), `CloudTrail ${NO_TRAIL.text}`);
  });

  scenario('a trail counts while it is logging, and if it records management events', async (t, place) => {
    await createTrail();
    await select({ EventSelectors: [objectsOf('arn:aws:s3')] });
    t.strictSame(await findings(t, place, 'CloudTrail'), [NO_TRAIL], 'never started');
    await start();
    t.strictSame(await findings(t, place, 'CloudTrail'), [
      { state: 'ok', text: 'company: management events' },
    ]);
    await select({ EventSelectors: [{ ...objectsOf('arn:aws:s3'), IncludeManagementEvents: false }] });
    t.strictSame(await findings(t, place, 'CloudTrail'), [NO_TRAIL], 'only of objects');
    await select({ EventSelectors: [MANAGEMENT] });
    await cloudtrail.send(new StopLoggingCommand({ Name: 'company' }));
    t.strictSame(await findings(t, place, 'CloudTrail'), [NO_TRAIL], 'stopped');
    await cloudtrail.send(new DeleteTrailCommand({ Name: 'company' }));
    t.strictSame(await findings(t, place, 'CloudTrail'), [NO_TRAIL], 'deleted');
  });

  scenario('names the buckets whose objects no trail covers', async (t, place) => {
    await createTrail();
    await start();
    const [archive = '', policy = ''] = BUCKETS;
    const arn = (bucket: string) => `arn:aws:s3:::${bucket}/`;
    const isManagement = { FieldSelectors: [{ Field: 'eventCategory', Equals: ['Management'] }] };
    const isObject = [
      { Field: 'eventCategory', Equals: ['Data'] },
      { Field: 'resources.type', Equals: ['AWS::S3::Object'] },
    ];
    const startsWith = (...buckets: string[]) => ({
      FieldSelectors: [...isObject, { Field: 'resources.ARN', StartsWith: buckets.map(arn) }],
    });
    for (const [selectors, unseen] of [
      [{ EventSelectors: [MANAGEMENT] }, [archive, policy]],
      [{ EventSelectors: [objectsOf(arn(archive))] }, [policy]],
      [{ EventSelectors: [objectsOf(arn('another'), arn(`${archive}-2`))] }, [archive, policy]],
      [{ EventSelectors: [objectsOf(arn(archive), arn(policy))] }, []],
      [{ EventSelectors: [objectsOf('arn:aws:s3:::')] }, []],
      [{ AdvancedEventSelectors: [isManagement] }, [archive, policy]],
      [{ AdvancedEventSelectors: [isManagement, startsWith(policy)] }, [archive]],
      [{ AdvancedEventSelectors: [isManagement, startsWith(archive, policy)] }, []],
      [{ AdvancedEventSelectors: [isManagement, { FieldSelectors: isObject }] }, []],
    ] as const) {
      await select(selectors);
      t.strictSame(
        await findings(t, place, 'CloudTrail'),
        [
          { state: 'ok', text: 'company: management events' },
          ...(unseen.length === 0
            ? []
            : [
                {
                  state: 'note',
                  text: `no trail records who reads or writes objects in ${unseen.join(', ')}`,
                  next: HOW,
                },
              ]),
        ],
        JSON.stringify(selectors),
      );
    }
  });

  scenario('a trail of another region counts only if it is for all regions', async (t, place) => {
    const elsewhere = clientIn(OTHER_REGION);
    await createTrail(elsewhere);
    await start(elsewhere);
    t.strictSame(await findings(t, place, 'CloudTrail'), [NO_TRAIL]);
    await elsewhere.send(new DeleteTrailCommand({ Name: 'company' }));
    await elsewhere.send(
      new CreateTrailCommand({ Name: 'company', S3BucketName: 'trails', IsMultiRegionTrail: true }),
    );
    await start(elsewhere);
    // moto finds the selectors only in the trail's own region. AWS finds them by the trail's ARN.
    proxy.before = (call) =>
      call.action === 'GetEventSelectors' ? json({ EventSelectors: [objectsOf('arn:aws:s3')] }) : undefined;
    t.strictSame(await findings(t, place, 'CloudTrail'), [
      { state: 'ok', text: 'company: management events' },
    ]);
  });

  scenario('a recorder of AWS Config counts while it records', async (t, place) => {
    t.strictSame(await findings(t, place, 'AWS Config'), [NO_RECORDER], 'no recorder');
    const name = 'company';
    const roleARN = 'arn:aws:iam::123456789012:role/config';
    await config.send(new PutConfigurationRecorderCommand({ ConfigurationRecorder: { name, roleARN } }));
    t.strictSame(await findings(t, place, 'AWS Config'), [NO_RECORDER], 'never started');
    await createTrail();
    await config.send(new PutDeliveryChannelCommand({ DeliveryChannel: { name, s3BucketName: 'trails' } }));
    await config.send(new StartConfigurationRecorderCommand({ ConfigurationRecorderName: name }));
    t.strictSame(await findings(t, place, 'AWS Config'), [{ state: 'ok', text: 'company records' }]);
    await config.send(new StopConfigurationRecorderCommand({ ConfigurationRecorderName: name }));
    t.strictSame(await findings(t, place, 'AWS Config'), [NO_RECORDER], 'stopped');
  });

  scenario('what may not be read is unknown', async (t, place) => {
    proxy.before = (call) =>
      ['cloudtrail', 'config'].includes(call.service)
        ? awsError(call, 'AccessDeniedException', 'User is not authorized')
        : undefined;
    for (const name of ['CloudTrail', 'AWS Config'])
      t.match(await findings(t, place, name), [{ state: 'unknown', text: /not authorized/ }]);
  });
});
