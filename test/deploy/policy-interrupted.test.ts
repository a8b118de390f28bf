// Tests that a push, a rollback or a promotion that is interrupted at any AWS call leaves the old policy or the new one
// in force, and that the same command, run again, finishes.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readManifest, readSignatures } from '../../src/sources/stored-policy.js';
import { sha256Of } from '../../cli/policy/change/stored.js';
import { type AwsCall, awsProxy, isMutating } from '../helpers/aws-proxy.js';
import { motoServer } from '../helpers/moto.js';
import { type Workspace, workspace } from '../helpers/operator.js';
import { LARGE_POLICY, policyAccount, STRICTER_POLICY, writePolicy } from '../helpers/policies.js';
import { createSigner, signedBy } from '../helpers/signers.js';

// Runs dozens of commands in processes of their own.
t.setTimeout(900_000);

const OLD = STRICTER_POLICY;
const NEW = LARGE_POLICY;
const signer = createSigner('alice');
const SIGNED = { policySigners: { quorum: 1, keys: { alice: signer.publicKey } } };

t.test('changes of the policy survive an interruption at any AWS call', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  const policies = policyAccount(moto.endpoint);

  function sign(place: Workspace, text: string, serial: number): void {
    writePolicy(place, text);
    const signed = signedBy([signer], { for: policies.parameter, serial, sha256: sha256Of(text) });
    writeFileSync(join(place.directory, 'policy.yaml.sig'), JSON.stringify(signed));
  }

  async function succeeds(place: Workspace, ...args: readonly string[]): Promise<void> {
    const { code, stdout, stderr } = await place.run('policy', ...args);
    if (code !== 0) throw new Error(`${args.join(' ')}: ${stdout}${stderr}`);
  }

  /** An account in which the old policy is in force. */
  async function begin(t: Test, settings: Readonly<Record<string, unknown>>): Promise<Workspace> {
    proxy.before = () => undefined;
    proxy.after = () => undefined;
    await moto.reset();
    await policies.createBucket();
    const place = workspace(t, proxy.endpoint);
    place.settings(settings);
    return place;
  }

  /** Whether the policy in force is whole, and which one it is. */
  async function inForce(t: Test): Promise<string> {
    const [value = ''] = (await policies.state()).policy;
    const manifest = readManifest(value);
    if (manifest === undefined) return value;
    if ('problem' in manifest) throw new Error(manifest.problem);
    const text = await policies.object(`policies/${manifest.sha256}.yaml`);
    t.equal(sha256Of(text ?? ''), manifest.sha256, 'the object exists, and is the one that was meant');
    const newest = readSignatures((await policies.object('signed/newest.json')) ?? '');
    if (manifest.signed !== undefined && !('problem' in newest)) {
      t.ok(newest.serial <= manifest.signed.serial, 'the service would start with this policy');
    }
    return text ?? '';
  }

  const COMMANDS = {
    'a signed push': {
      args: ['push'],
      prepare: async (t: Test) => {
        const place = await begin(t, SIGNED);
        sign(place, OLD, 1);
        await succeeds(place, 'push');
        sign(place, NEW, 2);
        return place;
      },
    },
    'a promotion': {
      args: ['promote'],
      prepare: async (t: Test) => {
        const place = await begin(t, {});
        writePolicy(place, OLD);
        await succeeds(place, 'push');
        writePolicy(place, NEW);
        await succeeds(place, 'push', '--candidate');
        return place;
      },
    },
    'a rollback': {
      args: ['rollback'],
      prepare: async (t: Test) => {
        const place = await begin(t, {});
        for (const text of [NEW, OLD]) {
          writePolicy(place, text);
          await succeeds(place, 'push');
        }
        return place;
      },
    },
  } as const;

  for (const [name, command] of Object.entries(COMMANDS)) {
    const { args } = command;
    await t.test(name, async (t) => {
      let expected: unknown;
      let calls: readonly AwsCall[] = [];
      await t.test('when not interrupted', async (t) => {
        const place = await command.prepare(t);
        t.equal(await inForce(t), OLD);
        proxy.calls.length = 0;
        await succeeds(place, ...args);
        calls = [...proxy.calls];
        expected = await stateOf();
        t.equal(await inForce(t), NEW);
        t.ok(calls.length > 5, calls.map(({ action }) => action).join(', '));
      });
      for (const [index, call] of calls.entries()) {
        await t.test(`SIGKILL after call ${index + 1}, ${titleOf(call)}`, async (t) => {
          const place = await command.prepare(t);
          await interrupt(t, place, { args, index, signal: 'SIGKILL', when: 'after' });
          await finishes(t, place, { args, expected });
        });
        if (!isMutating(call)) continue;
        await t.test(`SIGINT before call ${index + 1}, ${titleOf(call)}`, async (t) => {
          const place = await command.prepare(t);
          const { code, stderr } = await interrupt(t, place, {
            args,
            index,
            signal: 'SIGINT',
            when: 'before',
          });
          t.equal(code, 130);
          t.match(stderr, 'Interrupted. Nothing is lost: run the same command again to continue.');
          await finishes(t, place, { args, expected });
        });
      }
    });
  }

  /** Everything except the times. */
  async function stateOf(): Promise<unknown> {
    const { policy, candidate, objects } = await policies.state();
    const newest = await policies.object('signed/newest.json');
    return { version: policy[1], text: await inForce(t), candidate, objects, newest };
  }

  interface Interruption {
    readonly args: readonly string[];
    readonly index: number;
    readonly signal: 'SIGINT' | 'SIGKILL';
    readonly when: 'before' | 'after';
  }

  async function interrupt(t: Test, place: Workspace, { args, index, signal, when }: Interruption) {
    proxy.calls.length = 0;
    const { child, ended } = place.start('policy', ...args);
    let interrupted = false;
    const at = (time: typeof when) => async () => {
      if (time !== when || interrupted || proxy.calls.length !== index + 1) return undefined;
      interrupted = true;
      child.kill(signal);
      await ended;
      // The process has ended, so the call is dropped.
      return { status: 500, body: '' };
    };
    proxy.before = at('before');
    proxy.after = at('after');
    const ran = await ended;
    t.ok(interrupted, 'the command made this call');
    proxy.before = () => undefined;
    proxy.after = () => undefined;
    const text = await inForce(t);
    t.ok(text === OLD || text === NEW, 'the old policy or the new one is in force');
    return ran;
  }

  async function finishes(
    t: Test,
    place: Workspace,
    { args, expected }: { readonly args: readonly string[]; readonly expected: unknown },
  ): Promise<void> {
    const isPromoted = args[0] === 'promote' && (await policies.state()).candidate[0] === undefined;
    const { code, stdout, stderr } = await place.run('policy', ...args);
    if (isPromoted) t.match(stderr, 'there is no candidate', 'the promotion was complete');
    else t.equal(code, 0, `${stdout}${stderr}`);
    t.strictSame(await stateOf(), expected);
  }
});

/** Short, because it is part of the name of a directory. */
function titleOf({ action }: AwsCall): string {
  return action.replace(/ .*\/(policies|signed)\/.*/, ' $1');
}
