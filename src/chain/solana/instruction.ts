// What an instruction does, for the programs that a transfer uses.
import type { Account, Instruction } from './message.js';
import { COMPUTE_BUDGET_METHODS, DANGEROUS, SYSTEM_METHODS, TOKEN_METHODS } from './methods.js';
import {
  ASSOCIATED_TOKEN_PROGRAM,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  tokenAccountOf,
} from './token-account.js';

const SYSTEM_PROGRAM = '1'.repeat(32);
const COMPUTE_BUDGET_PROGRAM = 'ComputeBudget111111111111111111111111111111';
const MEMO_PROGRAMS = [
  'MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr',
  'Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo',
];

/** Of coins, or of the tokens of one mint. */
export interface Movement {
  readonly name: string;
  /** The token program; absent for coins. */
  readonly program?: string;
  /** Absent for coins, and where the instruction does not name it. */
  readonly mint?: string;
  readonly decimals?: number;
  /** Who signs for the sender. */
  readonly authority: string;
  /** An account for coins, or a token account. */
  readonly to: string;
  readonly units: bigint;
  /** Whether the mint withholds a fee that the instruction states. */
  readonly hasFee: boolean;
}

export interface Creation {
  readonly account: string;
  readonly owner: string;
  readonly mint: string;
  readonly program: string;
}

/**
 * - `harmless`: moves nothing and gives no rights.
 * - `transfer`, `creation` (of a token account): read completely.
 * - `other`: known by name only; `isDangerous` if it moves value or gives rights, and no transfer contains it.
 * - `invalid`: it fails on chain, or has bytes that mean nothing.
 * - `unknown`: a program or method that is not known, or accounts that the message does not show.
 */
export type Reading =
  | { readonly kind: 'harmless'; readonly name: string }
  | { readonly kind: 'transfer'; readonly name: string; readonly transfer: Movement }
  | { readonly kind: 'creation'; readonly name: string; readonly creation: Creation }
  | { readonly kind: 'other'; readonly name: string; readonly isDangerous: boolean }
  | { readonly kind: 'invalid'; readonly name: string; readonly problem: string }
  | { readonly kind: 'unknown'; readonly name?: string };

const UNKNOWN: Reading = { kind: 'unknown' };

const TRANSFER_FEE_EXTENSION = 26;

export function readInstruction(instruction: Instruction): Reading {
  const reading = readByProgram(instruction);
  const isHidden = instruction.accounts.some(({ isLookedUp }) => isLookedUp);
  return isHidden && reading.kind !== 'unknown' ? { kind: 'unknown', name: reading.name } : reading;
}

export function isComputeBudget({ program }: Instruction): boolean {
  return program.address === COMPUTE_BUDGET_PROGRAM;
}

/** Whether it is of a program that is a part of the validator. */
export function isBuiltIn(instruction: Instruction): boolean {
  return instruction.program.address === SYSTEM_PROGRAM || isComputeBudget(instruction);
}

function readByProgram(instruction: Instruction): Reading {
  const program = instruction.program.address;
  if (program === SYSTEM_PROGRAM) return readSystem(instruction);
  if (program === TOKEN_PROGRAM || program === TOKEN_2022_PROGRAM) return readToken(instruction);
  if (program === ASSOCIATED_TOKEN_PROGRAM) return readCreation(instruction);
  if (program === COMPUTE_BUDGET_PROGRAM) return readComputeBudget(instruction);
  return MEMO_PROGRAMS.includes(program) ? { kind: 'harmless', name: 'memo' } : UNKNOWN;
}

function readSystem({ data, accounts }: Instruction): Reading {
  const method = data.length < 4 ? undefined : SYSTEM_METHODS[data.readUInt32LE()];
  if (method === undefined) return UNKNOWN;
  const name = `system.${method}`;
  if (method === 'advanceNonceAccount') {
    return data.length === 4 ? { kind: 'harmless', name } : wrongLength(name, data, 4);
  }
  if (method !== 'transfer') {
    return { kind: 'other', name, isDangerous: DANGEROUS.has(name) || fundsAccount(method, data) };
  }
  if (data.length !== 12) return wrongLength(name, data, 12);
  // The program ignores further accounts; some payment schemes add references.
  const [from, to] = accounts;
  if (from === undefined || to === undefined)
    return { kind: 'invalid', name, problem: 'an account is missing' };
  if (!from.isSigner) return { kind: 'invalid', name, problem: `the sender ${from.address} does not sign` };
  const readOnly = readOnlyProblem([from, to]);
  if (readOnly !== undefined) return { kind: 'invalid', name, problem: readOnly };
  const units = data.readBigUInt64LE(4);
  return {
    kind: 'transfer',
    name,
    transfer: { name, authority: from.address, to: to.address, units, hasFee: false },
  };
}

/**
 * More lamports than the rent of an account that a transfer may create: about 2,000,000 for a token account or a nonce,
 * 10,000,000 for 1,300 bytes. With more, the new account is a recipient.
 */
const MAX_RENT = 10_000_000n;

/** Whether a new account gets more than its rent. */
function fundsAccount(method: string, data: Buffer): boolean {
  // The lamports follow the method, and the base with the seed: 32 bytes, a length of 8 bytes, and the seed.
  const offset =
    method === 'createAccount'
      ? 4
      : method === 'createAccountWithSeed' && data.length >= 44
        ? 44 + Math.min(data.readUInt32LE(36), data.length)
        : data.length;
  return data.length >= offset + 8 && data.readBigUInt64LE(offset) > MAX_RENT;
}

/** Where the fields of each kind of transfer of tokens are. */
interface Layout {
  readonly method: string;
  readonly size: number;
  readonly amount: number;
  readonly hasMint: boolean;
  readonly hasFee: boolean;
}

const TRANSFER: Layout = { method: 'transfer', size: 9, amount: 1, hasMint: false, hasFee: false };
const TRANSFER_CHECKED: Layout = { ...TRANSFER, method: 'transferChecked', size: 10, hasMint: true };
const TRANSFER_WITH_FEE: Layout = {
  method: 'transferCheckedWithFee',
  size: 19,
  amount: 2,
  hasMint: true,
  hasFee: true,
};

function readToken(instruction: Instruction): Reading {
  const { data, program } = instruction;
  const tag = data[0] ?? -1;
  if (program.address === TOKEN_2022_PROGRAM && tag === TRANSFER_FEE_EXTENSION && data[1] === 1) {
    return readTokenTransfer(instruction, TRANSFER_WITH_FEE);
  }
  const method = TOKEN_METHODS[tag];
  if (method === undefined) return UNKNOWN;
  if (method === TRANSFER.method) return readTokenTransfer(instruction, TRANSFER);
  if (method === TRANSFER_CHECKED.method) return readTokenTransfer(instruction, TRANSFER_CHECKED);
  const name = `token.${method}`;
  const isDangerous = DANGEROUS.has(name) || (method === 'closeAccount' && paysStranger(instruction));
  return { kind: 'other', name, isDangerous };
}

/** The coins of a closed account go to its owner, or to another who signs, such as the payer. Accounts: it, to, owner. */
function paysStranger({ accounts: [, to, owner] }: Instruction): boolean {
  return to !== undefined && !to.isSigner && to.address !== owner?.address;
}

/** Accounts: source, mint (if it is named), destination, authority, and the signers of a multisig authority. */
function readTokenTransfer({ data, accounts, program }: Instruction, layout: Layout): Reading {
  const name = `token.${layout.method}`;
  if (data.length !== layout.size) return wrongLength(name, data, layout.size);
  const [source, ...rest] = accounts;
  const mint = layout.hasMint ? rest.shift() : undefined;
  const [to, authority, ...signers] = rest;
  if (source === undefined || to === undefined || authority === undefined) {
    return { kind: 'invalid', name, problem: 'an account is missing' };
  }
  if (!authority.isSigner && signers.length === 0) {
    return { kind: 'invalid', name, problem: `the authority ${authority.address} does not sign` };
  }
  // The authority can't be a token account, so a source that signs is none.
  if (source.isSigner) return { kind: 'unknown', name };
  const readOnly = readOnlyProblem([source, to]);
  if (readOnly !== undefined) return { kind: 'invalid', name, problem: readOnly };
  const transfer: Movement = {
    name,
    program: program.address,
    authority: authority.address,
    to: to.address,
    units: data.readBigUInt64LE(layout.amount),
    hasFee: layout.hasFee,
    ...(mint === undefined ? {} : { mint: mint.address, decimals: data.readUInt8(layout.amount + 8) }),
  };
  return { kind: 'transfer', name, transfer };
}

/** Accounts: payer, token account, owner, mint, system program, token program, and formerly the rent's account. */
function readCreation({ data, accounts }: Instruction): Reading {
  const tag = data[0] ?? 0;
  if (tag > 1) return UNKNOWN;
  const name = tag === 0 ? 'associatedToken.create' : 'associatedToken.createIdempotent';
  if (data.length > 1) return wrongLength(name, data, 1);
  const [, account, owner, mint, system, program] = accounts.map(({ address }) => address);
  if (account === undefined || owner === undefined || mint === undefined || program === undefined) {
    return { kind: 'invalid', name, problem: 'an account is missing' };
  }
  const isToken = program === TOKEN_PROGRAM || program === TOKEN_2022_PROGRAM;
  if (!isToken || system !== SYSTEM_PROGRAM || accounts[0]?.isSigner !== true)
    return { kind: 'unknown', name };
  if (tokenAccountOf(owner, program, mint) !== account) {
    return { kind: 'invalid', name, problem: `${account} is not the token account of ${owner} for ${mint}` };
  }
  return { kind: 'creation', name, creation: { account, owner, mint, program } };
}

function readComputeBudget({ data }: Instruction): Reading {
  const method = COMPUTE_BUDGET_METHODS[data[0] ?? 0];
  if (method === undefined) return UNKNOWN;
  const name = `computeBudget.${method[0]}`;
  return data.length === method[1] ? { kind: 'harmless', name } : wrongLength(name, data, method[1]);
}

function wrongLength(name: string, data: Buffer, expected: number): Reading {
  return { kind: 'invalid', name, problem: `its data has ${data.length} bytes instead of ${expected}` };
}

function readOnlyProblem(accounts: readonly Account[]): string | undefined {
  const account = accounts.find(({ isWritable }) => !isWritable);
  return account === undefined ? undefined : `${account.address} is read-only`;
}
