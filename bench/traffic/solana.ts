// Transfers on Solana: of SOL and of SPL tokens, and staking. Messages are encoded with @solana/web3.js; the instructions
// of the token programs are written out by hand from their sources.
import {
  Authorized,
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  StakeProgram,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
} from '@solana/web3.js';
import type { Payload } from '../../cli/cosigner/request.js';
import { SOL, type TrafficAsset } from './assets.js';
import type { Random } from './random.js';
import {
  type AmountForm,
  displayedUnits,
  type Frame,
  type Party,
  randomFrame,
  randomParty,
  transactionRequest,
} from './request.js';

export const TOKEN_PROGRAM = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
export const TOKEN_2022_PROGRAM = new PublicKey('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb');
const ASSOCIATED_TOKEN_PROGRAM = new PublicKey('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
const MEMO_PROGRAM = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');
/** Lamports for one signature. */
const SIGNATURE_FEE = 5000n;
const MICRO = 1_000_000n;

export interface SolanaTransfer {
  readonly frame: Frame;
  readonly party: Party;
  readonly asset: TrafficAsset;
  readonly from: string;
  /** The recipient's wallet. */
  readonly to: string;
  readonly units: bigint;
  readonly blockhash: string;
  readonly version: 'legacy' | 'v0';
  readonly budget?: { readonly units: number; readonly microLamports: bigint };
  readonly memo?: string;
  /** A durable nonce account: its first instruction advances it. */
  readonly nonceAccount?: string;
  readonly form: AmountForm;
  /** What the request shows, in lamports; by default what the message spends. */
  readonly fee?: bigint;
  /** SPL: whether the message creates the recipient's token account, and how. */
  readonly creates?: 'create' | 'idempotent';
  /** SPL: the instruction `transfer` instead of `transferChecked`. */
  readonly unchecked?: boolean;
  /** SPL: the request displays the recipient's token account instead of the wallet. */
  readonly showsAccount?: boolean;
  /** SPL: pays this token account instead of the one that belongs to `to`. */
  readonly toAccount?: string;
  /** SPL: the sender's token account, if not the one that belongs to `from`. */
  readonly fromAccount?: string;
  /** Decimals in `transferChecked`; by default those of the asset. */
  readonly decimals?: number;
  /** Instructions beside those of the transfer. */
  readonly extra?: readonly TransactionInstruction[];
}

/** The most that the message spends on fees, in lamports. */
export function solanaFee({ budget }: SolanaTransfer): bigint {
  return SIGNATURE_FEE + (budget ? (BigInt(budget.units) * budget.microLamports + MICRO - 1n) / MICRO : 0n);
}

/** @param signed what `rawTx` signs, if not what the request displays */
export function solanaTransfer(shown: SolanaTransfer, signed: SolanaTransfer = shown): Payload {
  const { asset, form, units, to, party, fee = solanaFee(shown) } = shown;
  const isToken = asset.contract !== undefined;
  const amounts = displayedUnits(isToken ? 'net' : form, [units], fee);
  const address = isToken && shown.showsAccount ? tokenAccount(asset, to) : to;
  const message = messageBytes(signed);
  return transactionRequest({
    frame: shown.frame,
    operation: 'TRANSFER',
    asset,
    destinations: [{ party, address, units: amounts.each[0] ?? units }],
    units: amounts.units,
    requestedUnits: amounts.requestedUnits,
    fee,
    entries: [{ path: pathOf(shown.frame), rawTx: message, payload: message }],
  });
}

const pathOf = ({ source }: Frame): readonly number[] => [44, 501, Number(source.id), 0, 0];

/** The account of a wallet for a token: derived from wallet, token program and mint. */
export function tokenAccount(asset: TrafficAsset, owner: string): string {
  const seeds = [new PublicKey(owner), programOf(asset), mintOf(asset)].map((key) => key.toBuffer());
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN_PROGRAM)[0].toBase58();
}

function programOf({ isToken2022 }: TrafficAsset): PublicKey {
  return isToken2022 ? TOKEN_2022_PROGRAM : TOKEN_PROGRAM;
}

const mintOf = ({ contract = '' }: TrafficAsset): PublicKey => new PublicKey(contract);

/** The message that is signed. */
export function messageBytes(transfer: SolanaTransfer): Buffer {
  return encodeMessage(transfer, transferInstructions(transfer));
}

function transferInstructions(transfer: SolanaTransfer): readonly TransactionInstruction[] {
  const { asset, to, units, extra = [] } = transfer;
  const from = new PublicKey(transfer.from);
  const paid =
    asset.contract === undefined
      ? [SystemProgram.transfer({ fromPubkey: from, toPubkey: new PublicKey(to), lamports: units })]
      : [...accountCreation(transfer), tokenTransfer(transfer)];
  return [...preamble(transfer), ...paid, ...memo(transfer), ...extra];
}

function preamble({ nonceAccount, from, budget }: SolanaTransfer): readonly TransactionInstruction[] {
  return [
    ...(nonceAccount === undefined
      ? []
      : [
          SystemProgram.nonceAdvance({
            noncePubkey: new PublicKey(nonceAccount),
            authorizedPubkey: new PublicKey(from),
          }),
        ]),
    ...(budget
      ? [
          ComputeBudgetProgram.setComputeUnitLimit({ units: budget.units }),
          ComputeBudgetProgram.setComputeUnitPrice({ microLamports: budget.microLamports }),
        ]
      : []),
  ];
}

function memo({ memo: text }: SolanaTransfer): readonly TransactionInstruction[] {
  if (text === undefined) return [];
  return [new TransactionInstruction({ keys: [], programId: MEMO_PROGRAM, data: Buffer.from(text) })];
}

const account = (address: string | PublicKey, isWritable: boolean, isSigner = false) => ({
  pubkey: new PublicKey(address),
  isWritable,
  isSigner,
});

/** Instruction 0 or 1 of the associated token program; no data at all means 0. */
function accountCreation({ asset, from, to, creates }: SolanaTransfer): readonly TransactionInstruction[] {
  if (creates === undefined) return [];
  const keys = [
    account(from, true, true),
    account(tokenAccount(asset, to), true),
    account(to, false),
    account(mintOf(asset), false),
    account(SystemProgram.programId, false),
    account(programOf(asset), false),
  ];
  const data = creates === 'idempotent' ? Buffer.from([1]) : Buffer.alloc(0);
  return [new TransactionInstruction({ keys, programId: ASSOCIATED_TOKEN_PROGRAM, data })];
}

/** Instruction 12 (`transferChecked`) or 3 (`transfer`) of the token program. */
function tokenTransfer(transfer: SolanaTransfer): TransactionInstruction {
  const { asset, from, to, units, unchecked, decimals = asset.decimals } = transfer;
  const amount = Buffer.alloc(8);
  amount.writeBigUInt64LE(units);
  const source = account(transfer.fromAccount ?? tokenAccount(asset, from), true);
  const destination = account(transfer.toAccount ?? tokenAccount(asset, to), true);
  const owner = account(from, false, true);
  return new TransactionInstruction({
    programId: programOf(asset),
    ...(unchecked
      ? { keys: [source, destination, owner], data: Buffer.concat([Buffer.from([3]), amount]) }
      : {
          keys: [source, account(mintOf(asset), false), destination, owner],
          data: Buffer.concat([Buffer.from([12]), amount, Buffer.from([decimals])]),
        }),
  });
}

function encodeMessage(
  { from, blockhash, version }: Pick<SolanaTransfer, 'from' | 'blockhash' | 'version'>,
  instructions: readonly TransactionInstruction[],
): Buffer {
  const message = new TransactionMessage({
    payerKey: new PublicKey(from),
    recentBlockhash: blockhash,
    instructions: [...instructions],
  });
  const compiled = version === 'v0' ? message.compileToV0Message() : message.compileToLegacyMessage();
  return Buffer.from(compiled.serialize());
}

export function solanaAddress(random: Random): string {
  return Keypair.fromSeed(random.bytes(32)).publicKey.toBase58();
}

export function randomSolanaTransfer(random: Random, asset: TrafficAsset): SolanaTransfer {
  const isToken = asset.contract !== undefined;
  return {
    frame: randomFrame(random),
    party: randomParty(random),
    asset,
    from: solanaAddress(random),
    to: solanaAddress(random),
    units: random.bigint(1n, 5_000n * 10n ** BigInt(asset.decimals)),
    blockhash: new PublicKey(random.bytes(32)).toBase58(),
    version: random.pick(['legacy', 'v0'] as const),
    form: isToken
      ? 'net'
      : random.pick<AmountForm>(['net', 'net', 'gross', 'gross-requested', 'gross-amount']),
    ...(random.chance(0.5) && {
      budget: { units: random.int(450, 200_000), microLamports: random.bigint(0n, 900_000n) },
    }),
    ...(isToken && random.chance(0.4) && { creates: random.pick(['create', 'idempotent'] as const) }),
    ...(isToken && random.chance(0.2) && { showsAccount: true }),
  };
}

/** Creates a stake account and delegates it, under the operation STAKE. */
export function solanaStaking(random: Random): Payload {
  const frame = randomFrame(random);
  const from = new PublicKey(solanaAddress(random));
  const stake = new PublicKey(solanaAddress(random));
  const lamports = random.int(1_000_000_000, 2_000_000_000);
  const instructions = [
    ...StakeProgram.createAccountWithSeed({
      fromPubkey: from,
      stakePubkey: stake,
      basePubkey: from,
      seed: 'stake:0',
      authorized: new Authorized(from, from),
      lamports,
    }).instructions,
    ...StakeProgram.delegate({
      stakePubkey: stake,
      authorizedPubkey: from,
      votePubkey: new PublicKey(random.bytes(32)),
    }).instructions,
  ];
  const message = encodeMessage(
    { from: from.toBase58(), blockhash: new PublicKey(random.bytes(32)).toBase58(), version: 'legacy' },
    instructions,
  );
  return transactionRequest({
    frame,
    operation: 'STAKE',
    asset: SOL,
    units: BigInt(lamports),
    fee: SIGNATURE_FEE,
    entries: [{ path: pathOf(frame), rawTx: message, payload: message }],
  });
}
