// Requests for the tests of Bitcoin and its kin, built with bitcoinjs-lib, which the service does not use.
import { createHash } from 'node:crypto';
import { address as addresses, networks, payments, Transaction, type Network } from 'bitcoinjs-lib';
import type { Asset, Catalog } from '../../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import type { Finding, Findings } from '../../../src/chain/finding.js';
import type { Recipient, Signing } from '../../../src/chain/signing.js';

export const BTC: Asset = { id: 'BTC', chain: 'bitcoin', decimals: 8 };
export const SIGHASH_ALL = 1;

/** A key by a number: the hash of its public key, and its outputs. */
export function keyHash(key: number): Buffer {
  return createHash('ripemd160').update(`key ${key}`).digest();
}

export type ScriptForm = 'p2pkh' | 'p2wpkh' | 'p2sh-p2wpkh';

export function outputTo(
  key: number,
  form: ScriptForm = 'p2wpkh',
  network: Network = networks.bitcoin,
): { script: Buffer; address: string } {
  const hash = keyHash(key);
  const witness = payments.p2wpkh({ hash, network });
  const payment =
    form === 'p2pkh'
      ? payments.p2pkh({ hash, network })
      : form === 'p2wpkh'
        ? witness
        : payments.p2sh({ redeem: witness, network });
  return { script: Buffer.from(payment.output ?? []), address: payment.address ?? '' };
}

export interface Input {
  readonly key: number;
  readonly form: ScriptForm;
  readonly value: bigint;
  readonly sequence?: number;
}

export interface Output {
  readonly script: Uint8Array;
  readonly value: bigint;
}

export interface Plan {
  readonly inputs: readonly Input[];
  readonly outputs: readonly Output[];
  readonly destinations: readonly Recipient[];
  readonly fee: bigint;
  /** Last number of the keys' derivation paths. */
  readonly index?: number;
  readonly asset?: Asset;
  readonly own?: readonly string[];
  readonly sighash?: number;
  /** Order of the entries. */
  readonly order?: readonly number[];
}

export function doubleSha256(data: Uint8Array): Buffer {
  return createHash('sha256').update(createHash('sha256').update(data).digest()).digest();
}

export function transactionOf({ inputs, outputs }: Pick<Plan, 'inputs' | 'outputs'>): Transaction {
  const transaction = new Transaction();
  transaction.version = 2;
  for (const [index, { sequence = 0xfffffffd }] of inputs.entries()) {
    transaction.addInput(doubleSha256(Buffer.from(`transaction ${index}`)), index, sequence);
  }
  for (const { script, value } of outputs) transaction.addOutput(script, value);
  return transaction;
}

/** The preimage of an input, checked against bitcoinjs-lib's hash. */
export function preimageOf(
  transaction: Transaction,
  index: number,
  { key, form, value }: Input,
  type: number,
): Buffer {
  const code = outputTo(key, 'p2pkh').script;
  if (form !== 'p2pkh') return witnessPreimage(transaction, index, code, value, type);
  const copy = transaction.clone();
  copy.ins.forEach((input, other) => (input.script = other === index ? code : Buffer.alloc(0)));
  const preimage = Buffer.concat([copy.toBuffer(), uint32(type)]);
  if (!doubleSha256(preimage).equals(transaction.hashForSignature(index, code, type)))
    throw new Error('other hash');
  return preimage;
}

function witnessPreimage(
  transaction: Transaction,
  index: number,
  code: Buffer,
  value: bigint,
  type: number,
): Buffer {
  const { ins, outs, version, locktime } = transaction;
  const input = ins[index];
  if (input === undefined) throw new Error('no such input');
  const outpoints = ins.map(({ hash, index }) => Buffer.concat([hash, uint32(index)]));
  const preimage = Buffer.concat([
    uint32(version),
    doubleSha256(Buffer.concat(outpoints)),
    doubleSha256(Buffer.concat(ins.map(({ sequence }) => uint32(sequence)))),
    outpoints[index] ?? Buffer.alloc(0),
    Buffer.of(code.length),
    code,
    uint64(value),
    uint32(input.sequence),
    doubleSha256(Buffer.concat(outs.map(({ script, value }) => encodeOutput({ script, value })))),
    uint32(locktime),
    uint32(type),
  ]);
  const isPlain = type === SIGHASH_ALL;
  if (isPlain && !doubleSha256(preimage).equals(transaction.hashForWitnessV0(index, code, value, type))) {
    throw new Error('other hash');
  }
  return preimage;
}

export function encodeOutput({ script, value }: Output): Buffer {
  return Buffer.concat([uint64(value), Buffer.of(script.length), script]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export function catalogWith(own: readonly string[] = []): Catalog {
  return { ...DEFAULT_CATALOG, own };
}

/** The request that signs this plan. */
export function signingOf(plan: Plan): Signing {
  const transaction = transactionOf(plan);
  const { inputs, sighash = SIGHASH_ALL } = plan;
  const order = plan.order ?? inputs.map((_, index) => index);
  const preimages = order.flatMap((index) => {
    const input = inputs[index];
    return input === undefined ? [] : [preimageOf(transaction, index, input, sighash)];
  });
  return signingOfPreimages(preimages, plan);
}

export function signingOfPreimages(
  preimages: readonly Buffer[],
  { destinations, fee, index = 0, asset = BTC, own }: Omit<Plan, 'inputs' | 'outputs'>,
): Signing {
  return {
    operation: 'TRANSFER',
    asset,
    entries: preimages.map((rawTx) => ({
      rawTx,
      payload: doubleSha256(rawTx),
      keyDerivationPath: `[ 44, 0, 0, 0, ${index} ]`,
    })),
    destinations,
    fee: satoshis(fee),
    extraParameters: {},
    catalog: catalogWith(own),
  };
}

export function satoshis(value: bigint): string {
  return `${value / 100_000_000n}.${(value % 100_000_000n).toString().padStart(8, '0')}`;
}

/** @returns such as `holds` or `contradicts` for each check */
export function outcomes(findings: Findings): Record<string, string> {
  return Object.fromEntries(Object.entries(findings).map(([check, { outcome }]) => [check, outcome]));
}

export function reasonOf(finding?: Finding): string {
  return finding === undefined || finding.outcome === 'holds' ? '' : finding.reason;
}

export { addresses, networks };
