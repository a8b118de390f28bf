// Families of hostile requests for the decoders, each with what other libraries say about them.
import { Psbt, Transaction } from 'bitcoinjs-lib';
import type { Payload } from '../../../cli/cosigner/request.js';
import type { Catalog } from '../../../src/chain/catalog.js';
import type { Signed } from '../../../src/chain/read.js';
import { DIGESTS } from '../../../test/helpers/traffic.js';
import { scriptCode } from '../../traffic/bitcoin-bytes.js';
import { TRAFFIC_CATALOG } from '../../traffic/catalog.js';
import type { Random } from '../../traffic/random.js';
import { encoderInput, type TypedData } from '../../traffic/typed.js';
import { isConfirmed } from './confirm.js';
import { hostileCall, hostileFields, hostilePsbt, hostileTypedMessage } from './hostile.js';
import { LARGE } from './large.js';
import { mutate } from './mutate.js';
import { type Chain, type Sample, samplesOf } from './samples.js';

/** One input, and what is wrong with what the handler makes of it. */
export interface Case {
  readonly payload: Payload;
  readonly catalog: Catalog;
  /** @returns `undefined` if nothing is wrong */
  readonly inspect: (signed: Signed) => string | undefined;
}

export interface Family {
  readonly title: string;
  /** Share of all inputs; all shares add up to 1. */
  readonly share: number;
  readonly makeCase: (random: Random) => Case;
}

const KB_100 = 100_000;
/** Less than the 8 MiB that are received, because a token is longer than its claims. */
const LARGEST = 5_500_000;

export function createDecoderFamilies(seed: number): readonly Family[] {
  return [
    { title: 'EVM transfers with changed bytes', share: 0.2, makeCase: mutated('evm', seed) },
    { title: 'contract calls with changed bytes', share: 0.12, makeCase: mutated('call', seed) },
    { title: 'Bitcoin preimages with changed bytes', share: 0.22, makeCase: mutated('bitcoin', seed) },
    { title: 'Solana messages with changed bytes', share: 0.15, makeCase: mutated('solana', seed) },
    {
      title: 'hostile typed data',
      share: 0.1,
      makeCase: (random) => of(hostileTypedMessage(random), typedProblem),
    },
    { title: 'hostile call data', share: 0.0989, makeCase: (random) => of(hostileCall(random)) },
    {
      title: 'PSBTs with changed bytes',
      share: 0.06,
      makeCase: psbtCase,
    },
    { title: 'odd values in any field', share: 0.05, makeCase: (random) => of(hostileFields(random)) },
    { title: 'requests of 100 KB', share: 0.001, makeCase: (random) => large(random, KB_100) },
    { title: 'requests of the largest size', share: 0.0001, makeCase: (random) => large(random, LARGEST) },
  ];
}

type Problem = (payload: Payload, signed: Signed) => string | undefined;

function of(payload: Payload, problem: Problem = () => undefined): Case {
  return { payload, catalog: TRAFFIC_CATALOG, inspect: (signed) => problem(payload, signed) };
}

function large(random: Random, bytes: number): Case {
  const make = LARGE[random.pick(Object.keys(LARGE))];
  if (make === undefined) throw new Error('no large request');
  return of(make(random, bytes));
}

type Entry = Readonly<Record<'rawTx' | 'payload', string>>;
const entriesOf = ({ rawTx }: Payload): readonly Entry[] => rawTx as readonly Entry[];
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Changes one entry or all of them; the digest is recomputed for half of the inputs. */
function mutated(chain: Chain, seed: number): (random: Random) => Case {
  const samples = samplesOf(chain, seed);
  const digest = DIGESTS[chain === 'call' ? 'evm' : chain];
  return (random) => {
    const sample = random.pick(samples);
    const other = entriesOf(random.pick(samples).payload);
    const isSigned = random.chance(0.5);
    const all = random.chance(0.3);
    const at = random.int(0, entriesOf(sample.payload).length - 1);
    const rawTx = entriesOf(sample.payload).map((entry, i) => {
      if (!all && i !== at) return entry;
      const bytes = mutate(bytesOf(entry.rawTx), random, bytesOf(random.pick(other).rawTx));
      const payload = isSigned ? digest(bytes).toString('hex') : entry.payload;
      return { ...entry, rawTx: bytes.toString('hex'), payload };
    });
    const payload = { ...sample.payload, rawTx };
    return {
      payload,
      catalog: sample.catalog,
      inspect: (signed) => rawProblem(sample, rawTx, digest, signed),
    };
  };
}

function rawProblem(
  { confirm }: Sample,
  entries: readonly Entry[],
  digest: (bytes: Buffer) => Buffer,
  { verified, findings }: Signed,
): string | undefined {
  if (findings.payload.outcome === 'holds') {
    const wrong = entries.find(({ rawTx, payload }) => digest(bytesOf(rawTx)).toString('hex') !== payload);
    if (wrong !== undefined) return 'the payload holds, but is not the digest of rawTx';
  }
  const bytes = entries.map(({ rawTx }) => bytesOf(rawTx));
  if (verified && !isConfirmed(confirm, bytes)) return 'verified, but other encoders give other bytes';
  return undefined;
}

/** The payload may hold only if ethers gives the same digest. */
function typedProblem({ extraParameters, rawTx }: Payload, { findings }: Signed): string | undefined {
  if (findings.payload.outcome !== 'holds') return undefined;
  const { messages } = (extraParameters as { rawMessageData: { messages: { content: unknown }[] } })
    .rawMessageData;
  const content = messages[0]?.content;
  try {
    const parsed = (typeof content === 'string' ? JSON.parse(content) : content) as TypedData;
    const digest = encoderInput(parsed, 'hash').slice(2);
    return (rawTx as readonly Entry[])[0]?.payload === digest
      ? undefined
      : `ethers gives the digest ${digest}`;
  } catch (error) {
    return `the payload holds, but ethers can't encode the message: ${String(error).slice(0, 200)}`;
  }
}

function psbtCase(random: Random): Case {
  const { payload, original } = hostilePsbt(random);
  return of(payload, (_, signed) => psbtProblem(payload, original, signed));
}

/** The payload may hold only if each message is a signature hash that bitcoinjs-lib computes. */
function psbtProblem(
  { extraParameters }: Payload,
  original: Buffer,
  { findings }: Signed,
): string | undefined {
  if (findings.payload.outcome !== 'holds') return undefined;
  const { psbt, rawMessageData } = extraParameters as {
    psbt: string;
    rawMessageData: { messages: readonly { content: string }[] };
  };
  try {
    const hashes = signatureHashes(psbt);
    const wrong = rawMessageData.messages.find(({ content }) => !hashes.includes(content));
    return wrong && `the payload holds, but ${wrong.content} is no signature hash of the PSBT`;
  } catch (error) {
    // bitcoinjs-lib also reads fields that do not concern the signature; the transaction is at the beginning.
    const end = transactionEnd(original);
    if (Buffer.from(psbt, 'base64').subarray(0, end).equals(original.subarray(0, end))) return undefined;
    return `the payload holds, but bitcoinjs-lib can't read the PSBT: ${String(error).slice(0, 200)}`;
  }
}

/** Where the unsigned transaction ends: it is the first field, and the only one that is global. */
function transactionEnd(psbt: Buffer): number {
  const transaction = Psbt.fromBuffer(psbt).data.getTransaction();
  return psbt.indexOf(transaction) + transaction.length;
}

/** Of inputs that pay a key by SegWit, native or nested. */
function signatureHashes(base64: string): readonly string[] {
  const { data } = Psbt.fromBase64(base64);
  const transaction = Transaction.fromBuffer(data.getTransaction());
  return data.inputs.map(({ witnessUtxo, redeemScript }, i) => {
    const program = Buffer.from(redeemScript ?? witnessUtxo?.script ?? []);
    const hash = transaction.hashForWitnessV0(
      i,
      scriptCode(program.subarray(2)),
      witnessUtxo?.value ?? 0n,
      1,
    );
    return Buffer.from(hash).toString('hex');
  });
}
