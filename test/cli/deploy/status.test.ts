// Tests the output of --status.
import { PassThrough } from 'node:stream';
import t from 'tap';
import { printStatus } from '../../../cli/deploy/print-status.js';
import type { Status } from '../../../cli/deploy/status.js';

const MISSING = { state: 'missing', holds: [] } as const;

const NOT_DEPLOYED: Status = {
  environment: 'dev',
  account: '123456789012',
  region: 'eu-west-1',
  endpoint: undefined,
  stacks: [
    {
      stack: 'fireblocks-dev-image',
      status: 'not deployed',
      condition: 'absent',
      updated: undefined,
      drift: undefined,
    },
  ],
  switching: 'none',
  leftOver: [],
  compute: 'fargate',
  service: undefined,
  function: undefined,
  console: undefined,
  parameters: {
    callbackKey: { name: '/key', ...MISSING },
    cosignerKeys: { name: '/keys', ...MISSING },
    policy: { name: '/policy', ...MISSING },
    policyCandidate: { name: '/policy-candidate', ...MISSING },
  },
  callbackAlgorithm: undefined,
  callbackAlgorithmBySettings: 'RS256',
  emergencyStop: {
    name: '/policy-stop',
    state: 'running',
    action: undefined,
    since: undefined,
    problem: undefined,
  },
  store: {
    table: 'fireblocks-dev-store',
    state: 'missing',
    items: undefined,
    pointInTimeRecovery: false,
    deletionProtection: false,
    sealed: undefined,
    problem: undefined,
  },
  certificate: undefined,
  alarms: { total: 0, names: [], firing: [], silenced: [] },
  subscriptions: undefined,
  archiveLock: undefined,
  logRetention: undefined,
  unprotected: undefined,
  notRead: [],
};

/** @returns what is printed on a terminal with colours */
function print(status: Status): string {
  const stream = Object.assign(new PassThrough(), { isTTY: true, hasColors: () => true });
  printStatus(stream as unknown as NodeJS.WriteStream, { ...status, warnings: [] });
  return String(stream.read());
}

t.test('without a deployment, reports in plain text that there are no alarms', (t) => {
  t.match(print(NOT_DEPLOYED), /^alarms +no alarms \(not deployed\)$/m);
  t.match(print(NOT_DEPLOYED), 'not stored yet: /policy');
  t.end();
});

t.test('shows that the service was stopped', (t) => {
  const service = {
    ...{ desired: 0, desiredBySettings: 2, running: 0, pending: 0, steady: false, rollout: 'COMPLETED' },
    ...{ tasks: 'callback-handler-dev:1', targets: [] },
  } as unknown as NonNullable<Status['service']>;
  t.match(print({ ...NOT_DEPLOYED, service }), /^service .*stopped by "npm run scale -- 0"/m);
  t.match(
    print({ ...NOT_DEPLOYED, service: { ...service, desired: 2 } }),
    /^service .*not steady.*, 0 of 2 tasks running$/m,
  );
  t.end();
});

t.test('shows alarms in green if none is firing, otherwise in red', (t) => {
  const alarms = (firing: Status['alarms']['firing']) =>
    print({ ...NOT_DEPLOYED, alarms: { total: 2, names: [], firing, silenced: [] } });
  t.match(alarms([]), '\u001b[32m0 of 2 firing');
  t.match(alarms([{ name: 'errors', reason: 'one datapoint' }]), '\u001b[31m1 of 2 firing');
  t.match(alarms([{ name: 'errors', reason: 'one datapoint' }]), 'errors: one datapoint');
  t.end();
});

t.test('shows the start of the hash of the policy and of a candidate, if there is one', (t) => {
  const hash = '0123456789abcdef'.repeat(4);
  const policy = { name: '/policy', state: 'good', holds: [`${hash}, 3 rules`] } as const;
  const parameters = { ...NOT_DEPLOYED.parameters, policy };
  t.match(print({ ...NOT_DEPLOYED, parameters }), /^policy +0123456789ab, 3 rules$/m);
  t.notMatch(print({ ...NOT_DEPLOYED, parameters }), /^candidate/m);
  const policyCandidate = { ...policy, holds: [`${hash}, 4 rules`] };
  t.match(
    print({ ...NOT_DEPLOYED, parameters: { ...parameters, policyCandidate } }),
    /^candidate +0123456789ab, 4 rules$/m,
  );
  t.end();
});

t.test('shows the algorithm of the stored key, and that the settings specify another', (t) => {
  const key = (callbackAlgorithm: Status['callbackAlgorithm']) =>
    print({
      ...NOT_DEPLOYED,
      callbackAlgorithm,
      parameters: {
        ...NOT_DEPLOYED.parameters,
        callbackKey: { name: '/key', state: 'good', holds: ['c0ffee'] },
      },
    });
  t.match(key('RS256'), /^callback key +c0ffee\n +algorithm RS256$/m);
  t.match(
    key('ES256'),
    /algorithm .*ES256; the settings specify RS256: deploy with --rotate-callback-key to change it/,
  );
  t.end();
});

t.test('shows an emergency stop in red, before everything else', (t) => {
  const stop = (changes: Partial<Status['emergencyStop']>) =>
    print({ ...NOT_DEPLOYED, emergencyStop: { ...NOT_DEPLOYED.emergencyStop, ...changes } });
  t.match(stop({}), /^emergency stop +not in force$/m);
  const since = '2026-11-20T23:03:15.000Z';
  const stopped = stop({ state: 'stopped', action: 'RETRY', since });
  t.match(stopped, `\u001b[31mRETRY since ${since}`);
  t.ok(stopped.indexOf('emergency stop') < stopped.indexOf('service'));
  t.match(
    stop({ state: 'stopped', action: 'RETRY', since, problem: 'the stored value is invalid' }),
    `RETRY since ${since}: the stored value is invalid`,
  );
  t.match(stop({ state: 'unknown', problem: 'access denied' }), '\u001b[31munknown: access denied');
  t.end();
});

t.test('shows the store, and when a head was sealed', (t) => {
  const store = (changes: Partial<Status['store']>) =>
    print({ ...NOT_DEPLOYED, store: { ...NOT_DEPLOYED.store, ...changes } });
  t.match(store({}), 'not deployed yet: fireblocks-dev-store');
  t.match(store({ state: 'unknown', problem: 'access denied' }), '\u001b[31munknown: access denied');
  const active = { state: 'ACTIVE', items: 12, pointInTimeRecovery: true };
  t.match(store(active), /^store +.*ACTIVE.*, fireblocks-dev-store, about 12 items$/m);
  t.match(store(active), /^sealed +nothing yet$/m);
  const sealed = '2026-11-26T10:15:00.000Z';
  t.match(store({ ...active, sealed }), /^sealed +2026-11-26T10:15:00\.000Z$/m);
  t.match(store({ ...active, problem: 'access denied' }), /^sealed +.*unknown: access denied/m);
  t.end();
});
