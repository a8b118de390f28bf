// A deployment that tests break, one part after the other, and the doctor that must name this part.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import type { Test } from 'tap';
import type { Report } from '../../cli/doctor/report.js';
import { type Account, accountAt, clientOptions } from './aws.js';
import { type AwsCall, type AwsProxy, type AwsReply, awsProxy } from './aws-proxy.js';
import { rsaPair } from './keys.js';
import { type Moto, motoServer } from './moto.js';
import { type Workspace, workspace } from './operator.js';
import {
  completeAccount,
  EMAIL,
  type Running,
  runService,
  runTask,
  type WholeAccount,
} from './whole-account.js';

/** What a repair looks like if a stack is brought back to its template. */
export const REVERT = /aws cloudformation create-change-set --stack-name fireblocks-dev-\w+ .*REVERT_DRIFT/;

export interface Break {
  readonly breaks: () => Promise<unknown>;
  readonly repair: () => Promise<unknown>;
  readonly check: string;
  readonly problem: RegExp;
  readonly next: RegExp;
  /** @default wrong */
  readonly state?: 'wrong' | 'unknown';
}

export interface Patient {
  readonly moto: Moto;
  readonly proxy: AwsProxy;
  readonly account: Account;
  readonly place: Workspace;
  readonly running: Running;
  /** Replies to calls instead of moto. */
  fault: (call: AwsCall) => AwsReply | undefined;
  /** Everything that the deployment has, and moto does not create. */
  readonly deploy: (t: Test) => Promise<WholeAccount>;
  readonly diagnose: () => Promise<Report>;
  /** Takes back `fault`, and a change of `running`. */
  readonly healthy: () => Promise<void>;
  /** Breaks it, asserts what the doctor finds, and that all is well after the repair. */
  readonly finds: (t: Test, title: string, broken: Break) => Promise<void>;
}

export async function patientIn(t: Test): Promise<Patient> {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({ alarmEmail: EMAIL });
  const patient: Patient = {
    moto,
    proxy,
    account: accountAt(moto.endpoint),
    place,
    running: { health: 'healthy' },
    fault: () => undefined,
    async deploy(t) {
      t.equal((await place.run('deploy', '--yes')).code, 0);
      writeFileSync(join(place.directory, 'cosigner.pem'), rsaPair().publicPem);
      t.equal((await place.run('keys', 'cosigner', 'cosigner.pem', '--yes')).code, 0);
      const { Vpcs = [] } = await new EC2Client(clientOptions(moto.endpoint)).send(
        new DescribeVpcsCommand({}),
      );
      const otherVpc = Vpcs.find(({ IsDefault }) => IsDefault === true)?.VpcId ?? '';
      const whole = await completeAccount(moto.endpoint, place.tag, otherVpc);
      proxy.before = (call) => patient.fault(call) ?? runTask(call, patient.running);
      proxy.after = runService;
      return whole;
    },
    diagnose: () => place.json<Report>('doctor'),
    healthy() {
      patient.fault = () => undefined;
      patient.running.health = 'healthy';
      return Promise.resolve();
    },
    async finds(t, title, { breaks, repair, check, problem, next, state = 'wrong' }) {
      await t.test(title, async (t) => {
        await breaks();
        const report = await patient.diagnose();
        t.match(report.next, { check, problem, next });
        t.equal(report.well, false);
        // What depends on it can't be checked, and is not blamed.
        const blamed = report.checks.filter((each) => each.state === state).map((each) => each.check);
        t.strictSame(blamed, [check], 'nothing else is blamed');
        await repair();
        t.equal((await patient.diagnose()).next, undefined, 'all is well after the repair');
      });
    },
  };
  return patient;
}
