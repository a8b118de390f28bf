// Scenarios: each starts with an empty account, and can make AWS calls fail.
import type { Test } from 'tap';
import { type Account, accountAt } from './aws.js';
import { type AwsProxy, awsProxy } from './aws-proxy.js';
import type { Ran } from './cli.js';
import { type Moto, motoServer } from './moto.js';
import { type Workspace, workspace } from './operator.js';

export interface Scenarios {
  readonly moto: Moto;
  readonly proxy: AwsProxy;
  readonly account: Account;
  readonly scenario: (title: string, test: (t: Test, place: Workspace) => Promise<void>) => void;
  /** Makes the proxy resume forwarding all calls. */
  readonly healthy: () => void;
  /** Asserts that the deployment succeeds when it is run again without a failure. */
  readonly recovers: (t: Test, place: Workspace, ...args: readonly string[]) => Promise<void>;
}

export async function scenarios(t: Test): Promise<Scenarios> {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const account = accountAt(moto.endpoint);
  const healthy = (): void => {
    proxy.before = () => undefined;
    proxy.after = () => undefined;
  };
  return {
    moto,
    proxy,
    account,
    healthy,
    scenario(title, test) {
      void t.test(title, async (t) => {
        await moto.reset();
        healthy();
        proxy.calls.length = 0;
        await test(t, workspace(t, proxy.endpoint));
      });
    },
    async recovers(t, place, ...args) {
      healthy();
      const { code, stderr } = await place.run('deploy', '--yes', ...args);
      t.equal(code, 0, `the deployment succeeds when it is run again ${stderr}`);
      t.match(
        (await account.stacks()).map(({ status }) => status),
        Array.from({ length: 4 }, () => /_COMPLETE$/),
      );
      t.strictSame(await account.certificates(), ['callback.internal']);
    },
  };
}

/** Asserts that a command reported the cause and the next step, without a stack trace. */
export function fails(
  t: Test,
  { code, stderr }: Ran,
  errorCode: string,
  message: RegExp,
  next: string,
): void {
  t.equal(code, 1);
  t.match(stderr, errorCode);
  t.match(stderr, message);
  t.match(stderr.slice(stderr.lastIndexOf('Next')), next);
  t.notMatch(stderr, /^ +at /m, 'no stack trace');
}
