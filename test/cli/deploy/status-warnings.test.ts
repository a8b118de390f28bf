// Tests what --status warns of: each warning has a code for scripts, and says what to do.
import { PassThrough } from 'node:stream';
import t from 'tap';
import { printStatus } from '../../../cli/deploy/print-status.js';
import type { FunctionStatus, ServiceStatus, Status } from '../../../cli/deploy/status.js';
import { IMAGE_OLD_DAYS, warningsOf } from '../../../cli/deploy/status-warnings.js';
import { namesOf } from '../../../infra/names.js';
import { checkSettings } from '../../../infra/settings.js';
import { EXAMPLE, type Json } from '../../helpers/settings.js';

const PARAMETER = { name: '/p', state: 'good', holds: [] } as const;

const healthy = (zone: string) => ({ id: '10.0.1.7', state: 'healthy', reason: undefined, zone });

const SERVICE: ServiceStatus = {
  status: 'ACTIVE',
  deployment: 'one',
  desired: 2,
  running: 2,
  pending: 0,
  rollout: 'COMPLETED',
  rolloutReason: undefined,
  image: 'registry/handler:abc',
  targets: [healthy('eu-west-1a'), healthy('eu-west-1b')],
  tasks: 2,
  steady: true,
  desiredBySettings: 2,
  note: undefined,
  pushed: { name: 'handler:abc', pushed: '2026-11-20T10:00:00.000Z', ageDays: 7 },
};

const LOCK = { mode: 'COMPLIANCE', days: 400 };

/** A deployment of prod that needs nothing. */
const WELL: Status = {
  environment: 'prod',
  account: '123456789012',
  region: 'eu-west-1',
  endpoint: undefined,
  stacks: [
    {
      stack: 'fireblocks-prod-security',
      status: 'UPDATE_COMPLETE',
      condition: 'ready',
      updated: undefined,
      drift: { status: 'IN_SYNC', checked: '2026-11-20T10:00:00.000Z', resources: [] },
    },
  ],
  switching: 'none',
  leftOver: [],
  compute: 'fargate',
  service: SERVICE,
  function: undefined,
  console: undefined,
  parameters: {
    callbackKey: PARAMETER,
    cosignerKeys: PARAMETER,
    policy: PARAMETER,
    policyCandidate: PARAMETER,
  },
  callbackAlgorithm: 'RS256',
  callbackAlgorithmBySettings: 'RS256',
  emergencyStop: { name: '/s', state: 'running', action: undefined, since: undefined, problem: undefined },
  store: {
    table: 'fireblocks-prod-store',
    state: 'ACTIVE',
    items: 1,
    pointInTimeRecovery: true,
    deletionProtection: true,
    sealed: undefined,
    problem: undefined,
  },
  certificate: {
    arn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1',
    status: 'ISSUED',
    expires: '2027-11-20T10:00:00.000Z',
    daysLeft: 358,
    expiresSoon: false,
  },
  alarms: { total: 23, names: [], firing: [], silenced: [] },
  subscriptions: { topic: 'arn:aws:sns:eu-west-1:123456789012:alarms', confirmed: 1, pending: 0 },
  archiveLock: { bucket: 'archive', lock: LOCK, expected: LOCK },
  logRetention: [{ group: '/ecs/callback-handler/prod', days: 400, expected: 400 }],
  unprotected: [],
  notRead: [],
};

function warnings(changes: Partial<Status>, settings: Json = {}) {
  const session = {
    environment: 'prod',
    profile: undefined,
    region: 'eu-west-1',
    names: namesOf('fireblocks', 'prod'),
    settings: checkSettings({ ...EXAMPLE, ...settings }, 'prod'),
  } as const;
  return warningsOf(session, { ...WELL, ...changes });
}

const FUNCTION: FunctionStatus = {
  version: '12',
  state: 'Active',
  reason: undefined,
  image: 'registry/handler:abc-lambda',
  reserved: undefined,
  provisioned: { requested: 1, available: 1, status: 'READY', reason: undefined },
  pushed: { name: 'handler:abc-lambda', pushed: '2026-11-20T10:00:00.000Z', ageDays: 7 },
  isHeldBack: false,
};

const lambda = (changes: Partial<FunctionStatus>) =>
  warnings(
    { compute: 'lambda', service: undefined, function: { ...FUNCTION, ...changes } },
    { compute: 'lambda' },
  );
const service = (changes: Partial<ServiceStatus>) => warnings({ service: { ...SERVICE, ...changes } });
const store = (changes: Partial<Status['store']>) => warnings({ store: { ...WELL.store, ...changes } });

t.test('warns of nothing if nothing needs to be done', (t) => {
  t.strictSame(warnings({}), []);
  t.end();
});

t.test('warns of a certificate that ends soon, with how this kind of certificate is renewed', (t) => {
  const soon = {
    certificate: {
      arn: 'a',
      status: 'ISSUED',
      expires: '2026-12-09T10:00:00Z',
      daysLeft: 12,
      expiresSoon: true,
    },
  };
  t.match(warnings(soon), [
    {
      code: 'CERTIFICATE_ENDS',
      message: 'the certificate ends in 12 days, on 2026-12-09',
      next: 'renew it, then give the Co-signer the new file: npm run deploy -- --renew-certificate -e prod',
    },
  ]);
  t.match(
    warnings({ certificate: { ...soon.certificate, daysLeft: -1 } })[0]?.message,
    'the certificate ended on 2026-12-09',
  );
  const arn = 'arn:aws:acm:ap-northeast-1:111122223333:certificate/0a1b2c3d';
  t.match(warnings(soon, { certificate: { arn } })[0]?.next, 'under the same ARN');
  t.end();
});

t.test('warns of an image that is older than a quarter, and of one that is gone', (t) => {
  const pushed = (ageDays: number) =>
    service({ pushed: { name: 'handler:abc', pushed: '2026-01-01T00:00:00.000Z', ageDays } });
  t.strictSame(pushed(IMAGE_OLD_DAYS), []);
  t.match(pushed(IMAGE_OLD_DAYS + 1), [
    {
      code: 'IMAGE_OLD',
      message: /handler:abc is 91 days old/,
      next: 'git pull, then npm run deploy -- -e prod',
    },
  ]);
  const gone = { name: 'handler:abc', pushed: undefined, ageDays: undefined };
  t.match(service({ pushed: gone }), [{ code: 'IMAGE_MISSING', message: /no task can be started/ }]);
  t.strictSame(service({ pushed: gone, note: 'an emulator' }), [], 'an emulator builds no image');
  t.end();
});

t.test('warns of drift, and names the resources', (t) => {
  const [stack] = WELL.stacks;
  if (stack === undefined) throw new Error('no stack');
  const drift = { status: 'DRIFTED', checked: '2026-11-20T10:00:00.000Z', resources: ['TaskToS3'] };
  t.match(warnings({ stacks: [{ ...stack, drift }] }), [
    {
      code: 'DRIFTED',
      message: /fireblocks-prod-security .*: TaskToS3 \(as of 2026-11-20T10:00:00.000Z\)/,
      next: /npm run deploy -- --status --drift -e prod/,
    },
  ]);
  t.strictSame(warnings({ stacks: [{ ...stack, drift: undefined }] }), [], 'never detected');
  t.end();
});

t.test('warns if evidence is kept for another time than the settings say', (t) => {
  const lock = (changed: object | undefined) =>
    warnings({
      archiveLock: { bucket: 'archive', lock: changed as typeof LOCK | undefined, expected: LOCK },
    });
  for (const changed of [undefined, { ...LOCK, days: 30 }, { ...LOCK, mode: 'GOVERNANCE' }]) {
    t.match(lock(changed), [{ code: 'ARCHIVE_LOCK_DIFFERS', next: /put-object-lock-configuration/ }]);
  }
  t.match(
    lock({ ...LOCK, days: 30 })[0]?.message,
    /archive get COMPLIANCE, 30 days, .* COMPLIANCE, 400 days/,
  );
  const log = (days: number | undefined) =>
    warnings({ logRetention: [{ group: '/log', days, expected: 400 }] });
  t.match(log(7), [{ code: 'LOG_RETENTION_DIFFERS', message: '/log is kept 7 days instead of 400 days' }]);
  t.match(log(undefined)[0]?.message, '/log is kept forever instead of 400 days');
  t.end();
});

t.test('warns if the table can be deleted or not be restored, and if prod can be deleted', (t) => {
  t.match(store({ pointInTimeRecovery: false }), [{ code: 'NO_POINT_IN_TIME_RECOVERY' }]);
  t.match(store({ deletionProtection: false }), [
    { code: 'NO_DELETION_PROTECTION', next: /update-table --table-name fireblocks-prod-store/ },
  ]);
  t.match(warnings({ unprotected: ['callback-handler-prod'] }), [
    { code: 'NO_DELETION_PROTECTION', message: /callback-handler-prod/ },
  ]);
  const dev = { ...WELL, environment: 'dev', store: { ...WELL.store, deletionProtection: false } };
  t.strictSame(warnings(dev), [], 'outside prod, nothing is protected');
  t.strictSame(store({ state: 'missing', pointInTimeRecovery: false }), [], 'not deployed');
  t.end();
});

t.test('warns if nobody is notified of alarms', (t) => {
  const heard = (confirmed: number, pending: number, settings: Json = {}) =>
    warnings({ subscriptions: { topic: 'arn:topic', confirmed, pending } }, settings);
  t.match(heard(0, 0), [{ code: 'ALARMS_UNHEARD', next: /set "alarmEmail" in the settings/ }]);
  t.match(heard(0, 1), [{ code: 'ALARMS_UNHEARD', next: /confirm the subscription/ }]);
  t.match(heard(0, 0, { alarmEmail: 'ops@example.com' })[0]?.next, /aws sns subscribe --topic-arn arn:topic/);
  t.strictSame(heard(1, 1), []);
  t.match(warnings({ alarms: { total: 2, names: [], firing: [], silenced: ['errors'] } }), [
    { code: 'ALARMS_SILENCED', next: /enable-alarm-actions --alarm-names errors/ },
  ]);
  t.end();
});

t.test('warns of a service that is stopped, has too few tasks, or all of them in one zone', (t) => {
  t.match(service({ desired: 0, running: 0, targets: [] }), [
    { code: 'SCALED_TO_ZERO', message: /the Co-signer gets no answers/, next: 'npm run scale -- 2 -e prod' },
  ]);
  t.match(service({ desired: 1, running: 1 }), [{ code: 'SCALED_DOWN', next: 'npm run scale -- 2 -e prod' }]);
  t.match(service({ running: 1 }), [
    {
      code: 'TASKS_MISSING',
      message: 'only 1 of 2 tasks of the handler runs',
      next: /npm run logs -- --errors/,
    },
  ]);
  t.strictSame(service({ desired: 4, running: 4 }), [], 'autoscaling has added tasks');
  const oneZone = { targets: [healthy('eu-west-1a'), healthy('eu-west-1a')] };
  t.match(service(oneZone), [
    { code: 'ONE_ZONE', message: /both|all 2 tasks .* in eu-west-1a/, next: /npm run restart/ },
  ]);
  t.strictSame(service({ note: 'an emulator', running: 0, targets: [] }), [], 'an emulator runs no tasks');
  t.match(
    warnings({
      console: { origin: 'https://x:8443', service: { ...SERVICE, desired: 0, desiredBySettings: 1 } },
    }),
    [{ code: 'SCALED_TO_ZERO', message: /nobody can decide/, next: 'npm run scale -- 1 --console -e prod' }],
  );
  t.end();
});

t.test('warns of what could not be read, instead of saying nothing about it', (t) => {
  t.match(warnings({ notRead: [{ what: "the archive's lock", problem: 'access denied' }] }), [
    { code: 'NOT_READ', message: "the archive's lock could not be read: access denied" },
  ]);
  t.end();
});

t.test('prints the warnings last, each with its code and what to do', (t) => {
  const stream = Object.assign(new PassThrough(), { isTTY: false });
  const changed = { ...WELL, service: { ...SERVICE, desired: 0 } };
  printStatus(stream as unknown as NodeJS.WriteStream, { ...changed, warnings: warnings(changed) });
  t.match(
    String(stream.read()),
    /\n\nWarning the handler is stopped.*SCALED_TO_ZERO\nNext {4}npm run scale -- 2 -e prod\n$/,
  );
  t.end();
});

t.test('a function that is stopped, fails or is not kept ready', (t) => {
  t.strictSame(lambda({}), [], 'nothing is wrong');
  t.match(lambda({ reserved: 0 }), [
    {
      code: 'SCALED_TO_ZERO',
      message: 'the Co-signer gets no answers',
      next: 'npm run scale -- settings -e prod',
    },
  ]);
  t.match(lambda({ state: 'Failed', reason: 'the image is denied' }), [
    { code: 'FUNCTION_FAILED', message: 'the image is denied' },
  ]);
  t.match(lambda({ provisioned: { requested: 1, available: 0, status: 'FAILED', reason: 'no capacity' } }), [
    {
      code: 'NOT_KEPT_READY',
      message: 'only 0 of 1 environments of the function are kept ready: no capacity',
    },
  ]);
  t.match(lambda({ isHeldBack: true }), [
    { code: 'VERSION_NOT_IN_USE', message: 'not in use', next: 'npm run deploy -- -e prod' },
  ]);
  t.match(lambda({ provisioned: undefined }), [{ code: 'NOT_KEPT_READY' }], 'somebody has deleted it');
  const old = { name: 'handler:abc-lambda', pushed: '2026-01-01T10:00:00.000Z', ageDays: IMAGE_OLD_DAYS + 1 };
  t.match(lambda({ pushed: old }), [
    { code: 'IMAGE_OLD', message: 'the image handler:abc-lambda is 91 days old' },
  ]);
  t.match(lambda({ pushed: { name: 'handler:abc-lambda', pushed: undefined, ageDays: undefined } }), [
    {
      code: 'IMAGE_MISSING',
      message: "abc-lambda of the function is not in the repository: Lambda can't load it",
    },
  ]);
  t.end();
});

t.test('stacks that a change of the settings has left over', (t) => {
  t.match(
    warnings({ leftOver: ['callback'], switching: 'pending' }).map(({ code }) => code),
    ['SWITCH_PENDING'],
    'nothing is said to be left over while it is in use',
  );
  t.match(warnings({ leftOver: ['api', 'function'] }), [
    {
      code: 'LEFT_OVER',
      message: 'the settings do not call for fireblocks-prod-api and fireblocks-prod-function any more',
      next: 'once the Co-signer uses the new URL: npm run destroy -- --only-stacks api,function -e prod',
    },
  ]);
  t.end();
});

t.test('the status of a function', (t) => {
  const stream = new PassThrough();
  const status = {
    ...WELL,
    compute: 'lambda',
    service: undefined,
    function: FUNCTION,
    warnings: [],
  } as const;
  printStatus(stream as unknown as NodeJS.WriteStream, status);
  const text = String(stream.read());
  t.match(text, /^function +active, version 12$/m);
  t.match(text, /^ +1 of 1 kept ready$/m);
  t.match(text, /^image +registry\/handler:abc-lambda, 7 days old$/m);
  t.notMatch(text, /^service/m);
  t.end();
});
