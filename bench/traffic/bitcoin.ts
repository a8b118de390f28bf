// Transfers on Bitcoin and its kin, and RAW requests with a PSBT.
import { Psbt } from 'bitcoinjs-lib';
import type { Payload } from '../../cli/cosigner/request.js';
import { cashAddress } from './addresses.js';
import type { TrafficAsset } from './assets.js';
import {
  type BitcoinTransaction,
  doubleSha256,
  type Input,
  libraryDigests,
  type Output,
  payTo,
  payToTaproot,
  payToWitnessScript,
  preimages,
  SCRIPT_FORMS,
  type ScriptForm,
} from './bitcoin-bytes.js';
import type { Random } from './random.js';
import {
  AMOUNT_FORMS,
  type AmountForm,
  displayedUnits,
  type Frame,
  type Party,
  randomFrame,
  randomParty,
  transactionRequest,
} from './request.js';

export interface BitcoinTransfer {
  readonly frame: Frame;
  readonly parties: readonly Party[];
  readonly asset: TrafficAsset;
  readonly inputs: readonly Input[];
  /** The destinations, in the order of the request, with what they receive. */
  readonly destinations: readonly Output[];
  readonly change?: Output;
  /** Where the change stands among the outputs. */
  readonly changeAt: number;
  readonly version: number;
  readonly locktime: number;
  readonly form: AmountForm;
  /** What the request shows; by default what the inputs leave. */
  readonly fee?: bigint;
  /** Whether the order of the outputs is not that of the destinations. */
  readonly reversed?: boolean;
}

const sum = (list: readonly { readonly sat: bigint }[]): bigint =>
  list.reduce((total, { sat }) => total + sat, 0n);

export function feeOf({ inputs, destinations, change }: BitcoinTransfer): bigint {
  return sum(inputs) - sum(destinations) - (change?.sat ?? 0n);
}

/** @param signed what `rawTx` signs, if not what the request displays */
export function bitcoinTransfer(shown: BitcoinTransfer, signed: BitcoinTransfer = shown): Payload {
  const { asset, destinations, parties, form, fee = feeOf(shown) } = shown;
  const amounts = displayedUnits(
    form,
    destinations.map(({ sat }) => sat),
    fee,
  );
  const bytes = preimages(signed.asset.chain, transactionOf(signed));
  return transactionRequest({
    frame: shown.frame,
    operation: 'TRANSFER',
    asset,
    destinations: destinations.map(({ address, sat }, i) => ({
      address,
      party: parties[i % parties.length] ?? { type: 'ONE_TIME_ADDRESS', id: '' },
      units: amounts.each[i] ?? sat,
    })),
    units: amounts.units,
    requestedUnits: amounts.requestedUnits,
    fee,
    entries: bytes.map((rawTx, i) => ({
      path: signed.inputs[i]?.path ?? [],
      rawTx,
      payload: doubleSha256(rawTx),
    })),
  });
}

export function transactionOf(transfer: BitcoinTransfer): BitcoinTransaction {
  const { version, inputs, locktime, destinations, change, changeAt, reversed } = transfer;
  const paid = reversed ? [...destinations].reverse() : destinations;
  const outputs = change ? [...paid.slice(0, changeAt), change, ...paid.slice(changeAt)] : paid;
  return { version, inputs, outputs, locktime };
}

/** Checks the preimages, which are written out by hand, against bitcoinjs-lib. @returns whether they agree */
export function agreesWithLibrary(transfer: BitcoinTransfer): boolean {
  const transaction = transactionOf(transfer);
  const expected = libraryDigests(transaction);
  return preimages(transfer.asset.chain, transaction).every((bytes, i) =>
    expected[i]?.equals(doubleSha256(bytes)),
  );
}

export type InputForms = 'segwit' | 'legacy' | 'nested' | 'mixed';
export type ChangeTo = 'none' | 'input' | 'permanent';

export interface TransferOptions {
  readonly asset: TrafficAsset;
  readonly forms?: InputForms;
  readonly inputs?: number;
  readonly destinations?: number;
  readonly change?: ChangeTo;
  /** The script form of the change; by default any that the chain has. */
  readonly changeForm?: ScriptForm;
  /** Whether some input's key is the permanent address, whose path ends in 0. */
  readonly pathsEndInZero?: boolean;
  readonly form?: AmountForm;
}

/** Keys of a vault account: the permanent address at index 0, and deposit addresses. */
export interface VaultKeys {
  readonly account: number;
  readonly keyHash: (index: number) => Buffer;
}

export function randomVault(random: Random): VaultKeys {
  const keys = Array.from({ length: 8 }, () => random.bytes(20));
  return { account: random.int(0, 20), keyHash: (index) => keys[index] ?? Buffer.alloc(20, index) };
}

const LEGACY_ONLY = new Set(['dogecoin', 'bitcoincash']);

export function randomBitcoinTransfer(
  random: Random,
  options: TransferOptions,
  vault: VaultKeys = randomVault(random),
): BitcoinTransfer {
  const { asset, inputs: count = random.int(1, 5), destinations: paid = random.int(1, 3) } = options;
  const legacyOnly = LEGACY_ONLY.has(asset.chain);
  const forms = legacyOnly
    ? 'legacy'
    : (options.forms ?? random.pick(['segwit', 'legacy', 'nested', 'mixed'] as const));
  const zero = options.pathsEndInZero ?? random.chance(0.5);
  const inputs = Array.from({ length: count }, (_, i) =>
    randomInput(random, vault, inputForm(random, forms, i), zero && i === 0 ? 0 : random.int(1, 7)),
  );
  const fee = random.bigint(400n, 30_000n);
  const changeTo = options.change ?? random.pick(['none', 'input', 'input'] as const);
  const spendable = sum(inputs) - fee;
  const change = changeTo === 'none' ? 0n : random.bigint(600n, spendable / 2n);
  const changeForm = legacyOnly ? 'p2pkh' : (options.changeForm ?? random.pick(SCRIPT_FORMS));
  const changeKey = changeTo === 'permanent' ? vault.keyHash(0) : random.pick(inputs).keyHash;
  return {
    frame: randomFrame(random, { type: 'VAULT', id: String(vault.account) }),
    parties: Array.from({ length: paid }, () => randomParty(random)),
    asset,
    inputs,
    destinations: shares(random, spendable - change, paid).map((sat) =>
      randomOutput(random, asset.chain, sat),
    ),
    ...(changeTo !== 'none' && { change: payTo(asset.chain, changeForm, changeKey, change) }),
    changeAt: random.int(0, paid),
    version: random.pick([1, 2]),
    locktime: random.pick([0, 0, 834_211]),
    form: options.form ?? random.pick(AMOUNT_FORMS),
    ...(paid > 1 && random.chance(0.2) && { reversed: true }),
  };
}

/** The amounts of the destinations, each above the limit for dust. */
function shares(random: Random, total: bigint, count: number): readonly bigint[] {
  const list: bigint[] = [];
  let left = total;
  for (let rest = count; rest > 1; rest--) {
    const share = random.bigint(1000n, left / BigInt(rest));
    list.push(share);
    left -= share;
  }
  return [...list, left];
}

function inputForm(random: Random, forms: InputForms, at: number): ScriptForm {
  switch (forms) {
    case 'segwit':
      return 'p2wpkh';
    case 'legacy':
      return 'p2pkh';
    case 'nested':
      return 'p2sh-p2wpkh';
    case 'mixed':
      return at < SCRIPT_FORMS.length ? (SCRIPT_FORMS[at] ?? 'p2pkh') : random.pick(SCRIPT_FORMS);
  }
}

function randomInput(random: Random, vault: VaultKeys, form: ScriptForm, index: number): Input {
  return {
    txId: random.bytes(32).toString('hex'),
    index: random.int(0, 40),
    sat: random.bigint(80_000n, 90_000_000n),
    keyHash: vault.keyHash(index),
    form,
    path: [44, 0, vault.account, 0, index],
    sequence: random.pick([0xffffffff, 0xfffffffd]),
  };
}

/** A destination in any form that the chain has. */
export function randomOutput(random: Random, chain: string, sat: bigint): Output {
  if (chain === 'bitcoincash') {
    const keyHash = random.bytes(20);
    const paid = payTo(chain, 'p2pkh', keyHash, sat);
    const address = cashAddress(keyHash);
    return { ...paid, address: random.pick([paid.address, address, address.slice('bitcoincash:'.length)]) };
  }
  if (LEGACY_ONLY.has(chain)) return payTo(chain, 'p2pkh', random.bytes(20), sat);
  switch (random.int(0, 4)) {
    case 0:
      return payToTaproot(chain, random.bytes(32), sat);
    case 1:
      return payToWitnessScript(chain, random.bytes(32), sat);
    default:
      return payTo(chain, random.pick(SCRIPT_FORMS), random.bytes(20), sat);
  }
}

/** A RAW request that signs a PSBT: `rawMessageData` holds the digests, `extraParameters.psbt` what they are of. */
export function psbtRequest(shown: BitcoinTransfer, signed: BitcoinTransfer = shown): Payload {
  const digests = libraryDigests(transactionOf(signed)).map((digest) => digest.toString('hex'));
  return transactionRequest({
    frame: shown.frame,
    operation: 'RAW',
    asset: shown.asset,
    units: 0n,
    fee: 0n,
    extraParameters: {
      psbt: psbtOf(shown),
      rawMessageData: { messages: digests.map((content) => ({ content })) },
    },
    entries: digests.map((digest, i) => ({
      path: signed.inputs[i]?.path ?? [],
      payload: Buffer.from(digest, 'hex'),
    })),
  });
}

/** The transfer as a PSBT (BIP-174), base64. Its inputs are SegWit. */
function psbtOf(transfer: BitcoinTransfer): string {
  const { inputs, outputs, version, locktime } = transactionOf(transfer);
  const psbt = new Psbt();
  psbt.setVersion(version);
  psbt.setLocktime(locktime);
  for (const { txId, index, sequence, sat, form, keyHash } of inputs) {
    psbt.addInput({
      hash: txId,
      index,
      sequence,
      witnessUtxo: { script: payTo('bitcoin', form, keyHash, sat).script, value: sat },
      ...(form === 'p2sh-p2wpkh' && { redeemScript: payTo('bitcoin', 'p2wpkh', keyHash, sat).script }),
    });
  }
  for (const { script, sat } of outputs) psbt.addOutput({ script, value: sat });
  return psbt.toBase64();
}
