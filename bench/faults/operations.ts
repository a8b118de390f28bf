// What operators and AWS do to the service while it is asked.
import { setTimeout as sleep } from 'node:timers/promises';
import { rsaPair } from '../../test/helpers/keys.js';
import { json } from '../../test/helpers/aws-proxy.js';
import { until } from '../../test/helpers/process.js';
import type { Fault } from './fault.js';
import type { Stand } from './stand.js';

interface Health {
  readonly callbackKey: string;
  readonly cosignerKeys: readonly string[];
  readonly policy: string;
}

async function health({ handlerUrl }: Stand): Promise<Health> {
  return (await (await fetch(`${handlerUrl}/health`)).json()) as Health;
}

/** Waits until `/health` says something else than before. */
async function changed(stand: Stand, read: (health: Health) => string, before: string): Promise<void> {
  const after = await until(async () => {
    const now = read(await health(stand));
    return now === before ? undefined : now;
  }, 15_000);
  if (after === undefined) throw new Error(`what was stored is not in force after 15 s: still ${before}`);
}

export function operations(short: boolean): readonly Fault[] {
  const restarts = short ? 2 : 20;
  const rotations = short ? 2 : 20;
  const policies = short ? 4 : 50;
  const broken = short ? 1 : 10;
  const outageSeconds = short ? 5 : 60;
  const slowSeconds = short ? 8 : 20;
  return [
    {
      what: `${restarts} rolling restarts`,
      async run(stand) {
        let old = stand.handler;
        for (let restart = 0; restart < restarts; restart++) {
          const toSecond = restart % 2 === 0;
          const next = await stand.start(stand.ports[toSecond ? 1 : 0]);
          if (toSecond) stand.front.deregister();
          else stand.front.register();
          const code = await old.stop();
          if (code !== 0) throw new Error(`restart ${restart}: exit code ${code}`);
          old = next;
        }
      },
    },
    {
      what: `both keys rotated ${rotations} times`,
      async run(stand) {
        let { callback, cosigner } = stand;
        for (let rotation = 0; rotation < rotations; rotation++) {
          const next = { callback: rsaPair(), cosigner: rsaPair() };
          const before = await health(stand);
          await stand.moto.put('cosigner', cosigner.publicPem + next.cosigner.publicPem);
          await changed(stand, ({ cosignerKeys }) => cosignerKeys.join(), before.cosignerKeys.join());
          // The Co-signer changes over, and knows the handler's next key.
          stand.client = stand.clientWith(next.cosigner, callback, next.callback);
          // Until what it has sent before is answered.
          await sleep(500);
          await stand.moto.put('cosigner', next.cosigner.publicPem);
          await stand.moto.put('callback', next.callback.privatePem);
          await changed(stand, ({ callbackKey }) => callbackKey, before.callbackKey);
          stand.client = stand.clientWith(next.cosigner, next.callback);
          ({ callback, cosigner } = next);
        }
      },
    },
    {
      what: `policy changed ${policies} times and broken ${broken} times`,
      async run(stand) {
        // Each policy has a number, which its answers name; an answer by one that is not in force is wrong.
        const stored: { readonly number: number; readonly at: number }[] = [];
        stand.expect = ({ action, rejectionReason = '' }, sentAt) => {
          const number = Number(/^policy (\d+)$/.exec(rejectionReason)?.[1] ?? -1);
          if (number === -1)
            return stored.length <= 1 && action === 'APPROVE' ? undefined : `${action} ${rejectionReason}`;
          const latest = stored.at(-1)?.number ?? -1;
          const inForceThen = stored.filter(({ at }) => at < sentAt - STALE_MS).at(-1)?.number ?? -1;
          return number <= latest && number >= inForceThen
            ? undefined
            : `by policy ${number}, not ${inForceThen} to ${latest}`;
        };
        const breakEvery = Math.floor(policies / broken);
        for (let number = 0; number < policies; number++) {
          const before = (await health(stand)).policy;
          stored.push({ number, at: Date.now() });
          await stand.moto.put('policy', rejecting(number), 'String');
          await changed(stand, ({ policy }) => policy, before);
          if (number % breakEvery !== breakEvery - 1) continue;
          await stand.moto.put(
            'policy',
            rejecting(number).replace('when', 'wenn').replace('reject', 'approve'),
            'String',
          );
          await sleep(1200);
        }
        const refused = stand.handler.lines.filter(({ event }) => event === 'policy_refused').length;
        if (refused < broken) throw new Error(`${refused} broken policies were refused, of ${broken}`);
      },
    },
    {
      what: `SSM down for ${outageSeconds} s`,
      async run(stand) {
        await stand.moto.stop();
        await sleep(outageSeconds * 1000);
        await stand.moto.start();
        await stand.handler.line({ event: 'key_refresh_failed' });
      },
    },
    {
      what: `SSM slow (5 s) and throttling, ${slowSeconds} s each`,
      async run(stand) {
        stand.ssm.before = async () => {
          await sleep(5000);
          return undefined;
        };
        await sleep(slowSeconds * 1000);
        stand.ssm.before = () => json({ __type: 'ThrottlingException', message: 'Rate exceeded' }, 400);
        await sleep(slowSeconds * 1000);
        await stand.handler.line({ event: 'key_refresh_failed' });
      },
    },
  ];
}

/** A policy is read every second; it may be this old when it decides, in ms. */
const STALE_MS = 5000;

function rejecting(number: number): string {
  return `version: 1
rules:
  - { id: numbered, for: transaction, when: 'tx.amount < decimal("1")', action: reject, reason: policy ${number} }
`;
}
