// A deployment in trouble: each scenario begins with an empty account, and a proxy that fails what it likes.
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
  readonly scenario: (title: string, play: (t: Test, place: Workspace) => Promise<void>) => void;
  /** From now on the proxy lets everything through. */
  readonly healthy: () => void;
  /** With nothing in the way, a second run comes to the end that the first should have had. */
  readonly heals: (t: Test, place: Workspace, ...args: readonly string[]) => Promise<void>;
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
    scenario(title, play) {
      void t.test(title, async (t) => {
        await moto.reset();
        healthy();
        proxy.calls.length = 0;
        await play(t, workspace(t, proxy.endpoint));
      });
    },
    async heals(t, place, ...args) {
      healthy();
      const { code, stderr } = await place.run('deploy', '--yes', ...args);
      t.equal(code, 0, `a second run heals it ${stderr}`);
      t.match(
        (await account.stacks()).map(({ status }) => status),
        Array.from({ length: 4 }, () => /_COMPLETE$/),
      );
      t.strictSame(await account.certificates(), ['callback.internal']);
    },
  };
}

/** The cause, the next command, and nothing that only a developer understands. */
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
