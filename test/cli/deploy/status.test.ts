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
    { stack: 'fireblocks-dev-image', status: 'not deployed', condition: 'absent', updated: undefined },
  ],
  service: undefined,
  parameters: {
    callbackKey: { name: '/key', ...MISSING },
    cosignerKeys: { name: '/keys', ...MISSING },
    policy: { name: '/policy', ...MISSING },
  },
  certificate: undefined,
  alarms: { total: 0, firing: [] },
};

/** @returns what is printed on a terminal with colours */
function print(status: Status): string {
  const stream = Object.assign(new PassThrough(), { isTTY: true, hasColors: () => true });
  printStatus(stream as unknown as NodeJS.WriteStream, status);
  return String(stream.read());
}

t.test('without a deployment, reports in plain text that there are no alarms', (t) => {
  t.match(print(NOT_DEPLOYED), /^alarms +no alarms \(not deployed\)$/m);
  t.match(print(NOT_DEPLOYED), 'not stored yet: /policy');
  t.end();
});

t.test('shows alarms in green if none is firing, otherwise in red', (t) => {
  const alarms = (firing: Status['alarms']['firing']) =>
    print({ ...NOT_DEPLOYED, alarms: { total: 2, firing } });
  t.match(alarms([]), '\u001b[32m0 of 2 firing');
  t.match(alarms([{ name: 'errors', reason: 'one datapoint' }]), '\u001b[31m1 of 2 firing');
  t.match(alarms([{ name: 'errors', reason: 'one datapoint' }]), 'errors: one datapoint');
  t.end();
});
