// The shapes of what is read from raw transactions, call data and typed messages. Addresses are in canonical form.
// Integers and amounts are exact decimals; `amount` is in units of the asset, and absent if its decimals are not known.
import type { Decimal } from '../protocol/decimal.js';
import type { Finding, Findings } from './finding.js';

export interface EvmFacts {
  readonly chainId?: Decimal;
  /** Absent for a transaction that creates a contract. */
  readonly to?: string;
  /** In units of the chain's coin (10^18 wei). */
  readonly value: Decimal;
  /** The most that the transaction can spend on gas, in units of the chain's coin. */
  readonly maxFee: Decimal;
  readonly nonce: Decimal;
  /** The contracts that an EIP-7702 transaction delegates to; empty for the other types. */
  readonly delegates: readonly string[];
}

/** A movement of tokens or coins that a call, message or instruction makes. */
export interface Transfer {
  /** Contract or mint; absent for the chain's own coin, and for a Solana transfer that does not name the mint. */
  readonly token?: string;
  /** Fireblocks asset id, if the catalog has the token. */
  readonly asset?: string;
  /** Absent if it is the sender of the transaction. */
  readonly from?: string;
  readonly to: string;
  readonly amount?: Decimal;
  /** The integer that is signed: the amount in the smallest units, or the id of an ERC-721 token. */
  readonly units: Decimal;
  /** Id of an ERC-721 or ERC-1155 token, where the method says that it is one. */
  readonly id?: Decimal;
}

export interface Approval {
  readonly token: string;
  readonly asset?: string;
  readonly spender: string;
  readonly amount?: Decimal;
  readonly units: Decimal;
  /** Half of the largest possible amount or more, or all tokens of a collection. */
  readonly unlimited: boolean;
}

/** What a call does to tokens. */
export interface Effects {
  readonly transfers: readonly Transfer[];
  readonly approvals: readonly Approval[];
  /** Whether everything inside could be read. */
  readonly complete: boolean;
}

export interface CallFacts {
  readonly contract: string;
  /** `0x` and eight hex digits. */
  readonly selector: string;
  /** Name of the method; this and what follows is absent for an unknown method. */
  readonly method?: string;
  /** `transfer(address,uint256)` */
  readonly signature?: string;
  /** In order, with their names (`''` without one). Addresses are `AddressValue`, integers `Decimal`. */
  readonly args?: readonly NamedValue[];
  readonly effects?: Effects;
}

export interface NamedValue {
  readonly name: string;
  readonly value: Value;
}

/** An address among values, so that it does not compare like any other string. */
export class AddressValue {
  readonly address: string;
  readonly chain: string | undefined;

  constructor(address: string, chain?: string) {
    this.address = address;
    this.chain = chain;
  }
}

/** A value of an argument or typed message. Bytes are `0x…` strings; a tuple with names is a record. */
export type Value =
  Decimal | AddressValue | string | boolean | readonly Value[] | { readonly [name: string]: Value };

export interface TypedDataFacts {
  readonly primaryType: string;
  readonly domain: Readonly<Record<string, Value>>;
  readonly message: Readonly<Record<string, Value>>;
  /** For the types that are known: Permit, Permit2, EIP-3009, Safe transactions. */
  readonly effects?: Effects;
}

export interface BitcoinOutput {
  /** Absent for a script that has no address. */
  readonly address?: string;
  /** In bitcoins. */
  readonly amount: Decimal;
  readonly isChange: boolean;
}

export interface BitcoinInput {
  readonly txId: string;
  readonly index: Decimal;
  /** In bitcoins; absent for legacy inputs. */
  readonly amount?: Decimal;
}

/** Each is absent where it can't be known. */
export interface BitcoinFacts {
  readonly outputs?: readonly BitcoinOutput[];
  /** Sum of the change, in bitcoins. */
  readonly change?: Decimal;
  readonly fee?: Decimal;
  readonly inputs?: readonly BitcoinInput[];
}

export interface SolanaInstruction {
  /** Address of the program. */
  readonly program: string;
  /** Such as `system.transfer` or `token.transferChecked`; absent if it is not known. */
  readonly name?: string;
  readonly accounts: readonly string[];
  /** Hex, `0x…`. */
  readonly data: string;
}

export interface SolanaFacts {
  readonly instructions: readonly SolanaInstruction[];
  readonly transfers: readonly Transfer[];
  /** Whether all instructions could be read. */
  readonly complete: boolean;
}

/** What a family of chains reads from the raw transaction. */
export interface Reading {
  /** Such as `evm/1`; absent if the bytes do not show it. */
  readonly chain?: string;
  readonly evm?: EvmFacts;
  readonly call?: CallFacts;
  readonly bitcoin?: BitcoinFacts;
  readonly solana?: SolanaFacts;
  readonly typedData?: TypedDataFacts;
}

/** What one family of chains found: what is signed, and the checks that it can make. A missing check can't be known. */
export interface FamilyResult {
  readonly reading: Reading;
  readonly findings: Findings;
}

export const NOTHING: FamilyResult = { reading: {}, findings: {} };

/** Nothing can be read, and this is why. */
export function payloadOnly(payload: Finding): FamilyResult {
  return { reading: {}, findings: { payload } };
}
