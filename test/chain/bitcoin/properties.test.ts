// Generated transfers, encoded by bitcoinjs-lib: what agrees never contradicts, and every single change does.
import fc from 'fast-check';
import t from 'tap';
import { readBitcoin } from '../../../src/chain/bitcoin/read.js';
import type { FamilyResult } from '../../../src/chain/facts.js';
import type { CheckName } from '../../../src/chain/catalog.js';
import {
  outcomes,
  outputTo,
  signingOf,
  type Input,
  type Output,
  type Plan,
  type ScriptForm,
} from './requests.js';

const forms = fc.constantFrom<ScriptForm>('p2pkh', 'p2wpkh', 'p2sh-p2wpkh');
const satoshis = fc.bigInt({ min: 1000n, max: 10n ** 12n });

interface Transfer {
  readonly plan: Plan;
  /** Place of the change among the outputs, if there is some. */
  readonly change?: number;
  readonly kind: 'legacy' | 'segwit' | 'mixed';
}

/** @param most number of destinations */
function transfers(most: number): fc.Arbitrary<Transfer> {
  return fc
    .record({
      kind: fc.constantFrom('legacy' as const, 'segwit' as const, 'mixed' as const),
      keys: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 8 }),
      payees: fc.array(fc.record({ form: forms, amount: satoshis }), { minLength: 1, maxLength: most }),
      fee: fc.bigInt({ min: 1n, max: 900n }),
      isGross: fc.boolean(),
      grossPayee: fc.nat(),
      change: fc.option(satoshis, { nil: undefined }),
      changeForm: forms,
      changeTo: fc.constantFrom('input' as const, 'own' as const),
      place: fc.nat(),
      sequence: fc.constantFrom(0xffffffff, 0xfffffffd),
    })
    .map((spec): Transfer => {
      const { kind, payees, fee, change, isGross } = spec;
      const amounts = payees.map(({ amount }, index) =>
        isGross && index === spec.grossPayee % payees.length ? amount - fee : amount,
      );
      const outputs: Output[] = payees.map(({ form }, index) => ({
        script: outputTo(100 + index, form).script,
        value: amounts[index] ?? 0n,
      }));
      const place = spec.place % (outputs.length + 1);
      const key = spec.changeTo === 'own' ? 50 : (spec.keys[0] ?? 0);
      if (change !== undefined)
        outputs.splice(place, 0, { script: outputTo(key, spec.changeForm).script, value: change });
      const total = outputs.reduce((sum, { value }) => sum + value, fee);
      const inputs = split(spec.keys, total).map((input, index): Input => {
        const isLegacy = kind === 'legacy' || (kind === 'mixed' && index % 2 === 0);
        return { ...input, form: isLegacy ? 'p2pkh' : 'p2wpkh', sequence: spec.sequence };
      });
      const isMixed = inputs.some(({ form }) => form !== inputs[0]?.form);
      return {
        kind: isMixed ? 'mixed' : inputs[0]?.form === 'p2pkh' ? 'legacy' : 'segwit',
        ...(change !== undefined && { change: place }),
        plan: {
          inputs,
          outputs,
          fee,
          destinations: payees.map(({ form, amount }, index) => ({
            address: outputTo(100 + index, form).address,
            units: amount,
          })),
          ...(spec.changeTo === 'own' && { own: [outputTo(50, spec.changeForm).address] }),
        },
      };
    });
}

function split(keys: readonly number[], total: bigint): Omit<Input, 'form'>[] {
  const share = total / BigInt(keys.length);
  return keys.map((key, index) => ({
    key,
    value: index === 0 ? total - share * BigInt(keys.length - 1) : share,
  }));
}

function read({ plan }: Pick<Transfer, 'plan'>): FamilyResult {
  const { inputs } = plan;
  const order = plan.order ?? inputs.map((_, index) => index);
  const signing = signingOf(plan);
  const first = inputs[order[0] ?? 0]?.key ?? 0;
  // Each key has its own path, and one of them is the permanent address.
  const entries = signing.entries.map((entry, index) => ({
    ...entry,
    keyDerivationPath: `[ 44, 0, 0, 0, ${((inputs[order[index] ?? 0]?.key ?? 0) - first + 10) % 10} ]`,
  }));
  return readBitcoin({ ...signing, entries });
}

t.test(
  'confirms what agrees: net, gross, without change, several destinations, change to a key or own address',
  (t) => {
    fc.assert(
      fc.property(transfers(3), (transfer) => {
        const { reading, findings } = read(transfer);
        const { fee, ...others } = outcomes(findings);
        const change = reading.bitcoin?.outputs?.findIndex(({ isChange }) => isChange);
        return (
          fee === (transfer.kind === 'segwit' ? 'holds' : 'unknown') &&
          Object.keys(others).length === 4 &&
          Object.values(others).every((outcome) => outcome === 'holds') &&
          change === (transfer.change ?? -1)
        );
      }),
      { numRuns: 150 },
    );
    t.end();
  },
);

t.test('confirms up to 30 destinations', (t) => {
  fc.assert(
    fc.property(transfers(30), (transfer) => {
      const { recipient, amount } = outcomes(read(transfer).findings);
      return recipient === 'holds' && amount === 'holds';
    }),
    { numRuns: 50 },
  );
  t.end();
});

type Change = (transfer: Transfer) => { plan: Plan; checks: readonly CheckName[] };

/** Single changes of a request, each with the checks of which one must contradict. */
const changes: Readonly<Record<string, Change>> = {
  'another recipient': ({ plan }) => ({
    plan: withDestination(plan, { address: outputTo(99).address }),
    checks: ['recipient'],
  }),
  'another amount': ({ plan }) => ({
    plan: withDestination(plan, { units: (plan.destinations[0]?.units ?? 0n) + 1000n }),
    checks: ['amount', 'recipient'],
  }),
  'a destination that is not displayed': ({ plan }) => ({
    plan: {
      ...plan,
      outputs: [...plan.outputs, { script: outputTo(98).script, value: 600n }],
      inputs: plan.inputs.map((input, index) =>
        index === 0 ? { ...input, value: input.value + 600n } : input,
      ),
    },
    checks: ['recipient'],
  }),
  'an output to a stranger instead of change': ({ plan, change }) => ({
    plan: {
      ...plan,
      outputs:
        change === undefined
          ? [...plan.outputs, { script: outputTo(97).script, value: 1n }]
          : plan.outputs.map((output, index) =>
              index === change ? { ...output, script: outputTo(97).script } : output,
            ),
    },
    checks: ['recipient'],
  }),
};

function withDestination(plan: Plan, change: Partial<Plan['destinations'][number]>): Plan {
  return {
    ...plan,
    destinations: plan.destinations.map((to, index) => (index === 0 ? { ...to, ...change } : to)),
  };
}

for (const [what, change] of Object.entries(changes)) {
  t.test(`refuses ${what}`, (t) => {
    fc.assert(
      fc.property(transfers(3), (transfer) => {
        const { plan, checks } = change(transfer);
        const found = outcomes(read({ ...transfer, plan }).findings);
        return checks.some((check) => found[check] === 'contradicts');
      }),
      { numRuns: 100 },
    );
    t.end();
  });
}

t.test('refuses one satoshi more or less of fee in SegWit transactions', (t) => {
  fc.assert(
    fc.property(transfers(3), fc.constantFrom(-1n, 1n), (transfer, difference) => {
      fc.pre(transfer.kind === 'segwit');
      const { recipient, amount } = outcomes(
        read({ ...transfer, plan: { ...transfer.plan, fee: transfer.plan.fee + difference } }).findings,
      );
      return [recipient, amount].includes('contradicts');
    }),
    { numRuns: 60 },
  );
  t.end();
});

t.test('refuses a transaction of which an input has no entry', (t) => {
  fc.assert(
    fc.property(transfers(2), fc.nat(), (transfer, missing) => {
      const { inputs } = transfer.plan;
      fc.pre(inputs.length > 1);
      const order = inputs.map((_, index) => index).filter((index) => index !== missing % inputs.length);
      const { recipient } = outcomes(read({ plan: { ...transfer.plan, order } }).findings);
      return recipient === 'contradicts';
    }),
    { numRuns: 100 },
  );
  t.end();
});

t.test('finds the order of up to 6 SegWit inputs', (t) => {
  fc.assert(
    fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }), (order) => {
      const inputs = order.map((): Input => ({ key: 1, form: 'p2wpkh', value: 1000n }));
      const { findings } = read({
        plan: {
          inputs,
          outputs: [{ script: outputTo(9).script, value: 5000n }],
          destinations: [{ address: outputTo(9).address, units: 5000n }],
          fee: 1000n,
          order,
        },
      });
      return findings.recipient?.outcome === 'holds';
    }),
    { numRuns: 20 },
  );
  t.end();
});
