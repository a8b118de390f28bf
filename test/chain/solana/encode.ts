// Encodes Solana messages with @solana/web3.js, and the requests that display them.
import {
  ComputeBudgetProgram,
  Keypair,
  PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  type AccountMeta,
} from '@solana/web3.js';
import type { Asset } from '../../../src/chain/catalog.js';
import { DEFAULT_CATALOG } from '../../../src/chain/default-catalog.js';
import type { FamilyResult } from '../../../src/chain/facts.js';
import type { Signing } from '../../../src/chain/signing.js';
import { readSolana } from '../../../src/chain/solana/read.js';

export const TOKEN = new PublicKey('TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA');
export const TOKEN_2022 = new PublicKey('TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb');
export const ASSOCIATED_TOKEN = new PublicKey('ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL');
const MEMO = new PublicKey('MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr');

/** The same keys in each run. */
export function key(seed: number): PublicKey {
  return Keypair.fromSeed(Buffer.alloc(32, seed)).publicKey;
}

export const SENDER = key(1);
export const RECIPIENT = key(2);
export const STRANGER = key(3);
export const MINT = key(4);

export const SOL: Asset = { id: 'SOL', chain: 'solana', decimals: 9 };
export const COIN: Asset = { id: 'COIN_SOL', chain: 'solana', contract: MINT.toBase58(), decimals: 6 };

export function encode(
  instructions: readonly TransactionInstruction[],
  version: 'legacy' | 'v0' = 'legacy',
  payer = SENDER,
): Buffer {
  const message = new TransactionMessage({
    payerKey: payer,
    recentBlockhash: key(9).toBase58(),
    instructions: [...instructions],
  });
  return Buffer.from(
    (version === 'v0' ? message.compileToV0Message() : message.compileToLegacyMessage()).serialize(),
  );
}

export function pay(to: PublicKey, lamports: number | bigint, from = SENDER): TransactionInstruction {
  return SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports });
}

export function tokenAccount(owner: PublicKey, program = TOKEN, mint = MINT): PublicKey {
  const seeds = [owner, program, mint].map((seed) => seed.toBuffer());
  return PublicKey.findProgramAddressSync(seeds, ASSOCIATED_TOKEN)[0];
}

function meta(
  pubkey: PublicKey,
  flags: { readonly signs?: true; readonly writable?: true } = {},
): AccountMeta {
  return { pubkey, isSigner: flags.signs === true, isWritable: flags.writable === true };
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export interface TokenTransfer {
  readonly to: PublicKey;
  readonly units: bigint;
  readonly program?: PublicKey;
  readonly mint?: PublicKey;
  readonly decimals?: number;
}

export function payToken({
  to,
  units,
  program = TOKEN,
  mint = MINT,
  decimals = 6,
}: TokenTransfer): TransactionInstruction {
  return new TransactionInstruction({
    programId: program,
    keys: [
      meta(tokenAccount(SENDER, program, mint), { writable: true }),
      meta(mint),
      meta(to, { writable: true }),
      meta(SENDER, { signs: true }),
    ],
    data: Buffer.concat([Buffer.of(12), u64(units), Buffer.of(decimals)]),
  });
}

/** Without the mint. */
export function payTokenUnchecked({ to, units, program = TOKEN }: TokenTransfer): TransactionInstruction {
  const keys = [
    meta(tokenAccount(SENDER, program), { writable: true }),
    meta(to, { writable: true }),
    meta(SENDER, { signs: true }),
  ];
  return new TransactionInstruction({
    programId: program,
    keys,
    data: Buffer.concat([Buffer.of(3), u64(units)]),
  });
}

export function payTokenWithFee({ to, units }: TokenTransfer, fee: bigint): TransactionInstruction {
  const { keys } = payToken({ to, units, program: TOKEN_2022 });
  const data = Buffer.concat([Buffer.of(26, 1), u64(units), Buffer.of(6), u64(fee)]);
  return new TransactionInstruction({ programId: TOKEN_2022, keys, data });
}

export interface Creation {
  readonly owner: PublicKey;
  readonly program?: PublicKey;
  readonly mint?: PublicKey;
  readonly account?: PublicKey;
  readonly data?: Buffer;
}

export function create({
  owner,
  program = TOKEN,
  mint = MINT,
  account,
  data = Buffer.of(1),
}: Creation): TransactionInstruction {
  const keys = [
    meta(SENDER, { signs: true, writable: true }),
    meta(account ?? tokenAccount(owner, program, mint), { writable: true }),
    meta(owner),
    meta(mint),
    meta(SystemProgram.programId),
    meta(program),
  ];
  return new TransactionInstruction({ programId: ASSOCIATED_TOKEN, keys, data });
}

export function approve(spender: PublicKey): TransactionInstruction {
  const keys = [meta(tokenAccount(SENDER), { writable: true }), meta(spender), meta(SENDER, { signs: true })];
  return new TransactionInstruction({
    programId: TOKEN,
    keys,
    data: Buffer.concat([Buffer.of(4), u64(2n ** 64n - 1n)]),
  });
}

/** Closes the sender's token account. */
export function close(recipientOfCoins: PublicKey): TransactionInstruction {
  const keys = [
    meta(tokenAccount(SENDER), { writable: true }),
    meta(recipientOfCoins, { writable: true }),
    meta(SENDER, { signs: true }),
  ];
  return new TransactionInstruction({ programId: TOKEN, keys, data: Buffer.of(9) });
}

/** Mints to the owner's token account. */
export function mint(owner: PublicKey): TransactionInstruction {
  const keys = [
    meta(MINT, { writable: true }),
    meta(tokenAccount(owner), { writable: true }),
    meta(SENDER, { signs: true }),
  ];
  return new TransactionInstruction({
    programId: TOKEN,
    keys,
    data: Buffer.concat([Buffer.of(7), u64(1n)]),
  });
}

export function memo(text: string): TransactionInstruction {
  return new TransactionInstruction({ programId: MEMO, keys: [], data: Buffer.from(text) });
}

export function call(program: PublicKey): TransactionInstruction {
  return new TransactionInstruction({
    programId: program,
    keys: [meta(SENDER, { signs: true })],
    data: Buffer.of(7),
  });
}

export function advanceNonce(): TransactionInstruction {
  return SystemProgram.nonceAdvance({ noncePubkey: key(8), authorizedPubkey: SENDER });
}

export function limitUnits(units: number): TransactionInstruction {
  return ComputeBudgetProgram.setComputeUnitLimit({ units });
}

export function priceUnits(microLamports: number): TransactionInstruction {
  return ComputeBudgetProgram.setComputeUnitPrice({ microLamports });
}

/** A signing request for a transfer to RECIPIENT that agrees with the message, but for what is given. */
export function request(message: Buffer, changes: Partial<Signing> = {}): Signing {
  return {
    operation: 'TRANSFER',
    asset: SOL,
    entries: [{ rawTx: message, payload: message }],
    destinations: [{ address: RECIPIENT.toBase58(), units: 1000n }],
    units: 1000n,
    fee: '0.000005',
    extraParameters: {},
    catalog: { ...DEFAULT_CATALOG, assets: new Map([SOL, COIN].map((asset) => [asset.id, asset])) },
    ...changes,
  };
}

export function read(
  instructions: readonly TransactionInstruction[],
  changes: Partial<Signing> = {},
): FamilyResult {
  return readSolana(request(encode(instructions), changes));
}

/** Such as `{ payload: 'holds', recipient: 'contradicts' }`. */
export function outcomes({ findings }: FamilyResult): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(findings).map(([check, { outcome }]) => [check, outcome]));
}

export function reasonOf(
  result: FamilyResult,
  check: 'payload' | 'recipient' | 'amount' | 'chain' | 'fee',
): string {
  const finding = result.findings[check];
  return finding === undefined || finding.outcome === 'holds' ? '' : `${finding.outcome}: ${finding.reason}`;
}
