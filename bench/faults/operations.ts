// Faults caused by operators and AWS: restarts, rotations, policy changes, an unreachable or slow SSM.
import { setTimeout as sleep } from 'node:timers/promises';
import { rsaPair } from '../../test/helpers/keys.js';
import { json } from '../../test/helpers/aws-proxy.js';
import { until } from '../../test/helpers/process.js';
import type { Fault } from './fault.js';
import type { Testbed } from './testbed.js';

/** Maximum age of the policy used for a decision, in ms. The policy is read every second. */
const MAX_POLICY_AGE_MS = 5000;
/** Time within which a stored key or policy must take effect. */
const IN_FORCE_TIMEOUT_MS = 15_000;
/** The handler's refresh interval, plus some slack. */
const REFRESH_MS = 1200;
const SSM_DELAY_MS = 5000;

export function operations(short: boolean): readonly Fault[] {
  return [
    rollingRestarts(short ? 2 : 20),
    rotations(short ? 2 : 20),
    policyChanges(short ? 4 : 50, short ? 1 : 10),
    unreachableSsm(short ? 4 : 60),
    slowSsm(short ? 7 : 20),
  ];
}

function rollingRestarts(count: number): Fault {
  return {
    title: `${count} rolling restarts`,
    async run(testbed) {
      let old = testbed.handler;
      for (let restart = 0; restart < count; restart++) {
        const toSecond = restart % 2 === 0;
        const next = await testbed.start(testbed.ports[toSecond ? 1 : 0]);
        if (toSecond) testbed.front.deregister();
        else testbed.front.register();
        const code = await old.stop();
        if (code !== 0) throw new Error(`restart ${restart}: the old handler exited with code ${code}`);
        old = next;
      }
    },
  };
}

function rotations(count: number): Fault {
  return {
    title: `both keys rotated ${count} times`,
    async run(testbed) {
      let { callback, cosigner } = testbed;
      for (let rotation = 0; rotation < count; rotation++) {
        const next = { callback: rsaPair(), cosigner: rsaPair() };
        const before = await health(testbed);
        await testbed.moto.put('cosigner', cosigner.publicPem + next.cosigner.publicPem);
        await untilChanged(testbed, ({ cosignerKeys }) => cosignerKeys.join(), before.cosignerKeys.join());
        // From now on the Co-signer signs with its next key, and accepts the handler's next key.
        const previous = testbed.client;
        testbed.client = testbed.clientWith(next.cosigner, callback, next.callback);
        await testbed.untilAnswered(previous);
        await testbed.moto.put('cosigner', next.cosigner.publicPem);
        await testbed.moto.put('callback', next.callback.privatePem);
        await untilChanged(testbed, ({ callbackKey }) => callbackKey, before.callbackKey);
        testbed.client = testbed.clientWith(next.cosigner, next.callback);
        ({ callback, cosigner } = next);
      }
    },
  };
}

/** Each policy has a number, which its responses contain. This shows whether an outdated policy was used. */
function policyChanges(count: number, broken: number): Fault {
  const breakEvery = Math.floor(count / broken);
  return {
    title: `policy changed ${count} times and broken ${broken === 1 ? 'once' : `${broken} times`}`,
    async run(testbed) {
      const stored: { readonly number: number; readonly at: number }[] = [];
      testbed.expect = ({ action, rejectionReason = '' }, sentAt) => {
        const number = Number(/^policy (\d+)$/.exec(rejectionReason)?.[1] ?? -1);
        if (number === -1)
          return stored.length <= 1 && action === 'APPROVE' ? undefined : `${action} ${rejectionReason}`;
        const latest = stored.at(-1)?.number ?? -1;
        const oldest = stored.filter(({ at }) => at < sentAt - MAX_POLICY_AGE_MS).at(-1)?.number ?? -1;
        return number <= latest && number >= oldest
          ? undefined
          : `decided by policy ${number}; expected one of ${oldest} to ${latest}`;
      };
      for (let number = 0; number < count; number++) {
        const before = (await health(testbed)).policy;
        stored.push({ number, at: Date.now() });
        await testbed.moto.put('policy', rejectingPolicy(number), 'String');
        await untilChanged(testbed, ({ policy }) => policy, before);
        if (number % breakEvery !== breakEvery - 1) continue;
        const misspelled = rejectingPolicy(number).replace('when', 'wenn').replace('reject', 'approve');
        await testbed.moto.put('policy', misspelled, 'String');
        await sleep(REFRESH_MS);
      }
      const refused = testbed.handler.lines.filter(({ event }) => event === 'policy_refused').length;
      if (refused < broken) throw new Error(`only ${refused} of ${broken} broken policies were refused`);
    },
  };
}

function unreachableSsm(seconds: number): Fault {
  return {
    title: `SSM unreachable for ${seconds} s`,
    async run({ moto, handler }) {
      await moto.stop();
      await sleep(seconds * 1000);
      await moto.start();
      await handler.line({ event: 'key_refresh_failed' });
    },
  };
}

/** @param seconds longer than the delay, so that delayed responses arrive */
function slowSsm(seconds: number): Fault {
  return {
    title: `SSM slow (replies after ${SSM_DELAY_MS / 1000} s), then throttling, ${seconds} s each`,
    async run({ ssm, handler }) {
      ssm.before = async () => {
        await sleep(SSM_DELAY_MS);
        return undefined;
      };
      await sleep(seconds * 1000);
      ssm.before = () => json({ __type: 'ThrottlingException', message: 'Rate exceeded' }, 400);
      await sleep(seconds * 1000);
      await handler.line({ event: 'key_refresh_failed' });
    },
  };
}

interface Health {
  readonly callbackKey: string;
  readonly cosignerKeys: readonly string[];
  readonly policy: string;
}

async function health({ handlerUrl }: Testbed): Promise<Health> {
  return (await (await fetch(`${handlerUrl}/health`)).json()) as Health;
}

/** Waits until `/health` reports a different value. @throws {Error} after 15 s */
async function untilChanged(
  testbed: Testbed,
  read: (health: Health) => string,
  before: string,
): Promise<void> {
  const after = await until(async () => {
    const now = read(await health(testbed));
    return now === before ? undefined : now;
  }, IN_FORCE_TIMEOUT_MS);
  if (after === undefined)
    throw new Error(`${before} is still in force, ${IN_FORCE_TIMEOUT_MS / 1000} s after another was stored`);
}

function rejectingPolicy(number: number): string {
  return `version: 1
rules:
  - { id: numbered, for: transaction, when: 'tx.amount < decimal("1")', action: reject, reason: policy ${number} }
`;
}
