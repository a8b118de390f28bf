// The facts of what is signed: raw transactions, contract calls and typed messages, as src/chain reads them.
import {
  AddressValue,
  type Approval as ApprovalRecord,
  type BitcoinFacts,
  type BitcoinInput as InputRecord,
  type BitcoinOutput as OutputRecord,
  type CallFacts,
  type Effects,
  type EvmFacts,
  type NamedValue,
  type SolanaFacts,
  type SolanaInstruction as InstructionRecord,
  type Transfer as TransferRecord,
  type TypedDataFacts,
  type Value,
} from '../../chain/facts.js';
import type { Signed } from '../../chain/read.js';
import { Decimal } from '../../protocol/decimal.js';
import { Address } from './address.js';
import { factClass, type FactDefinition, type FactTable, type FactType, unusable } from './fact.js';

/** What is read, and the chain of its addresses. */
interface On<Record> {
  readonly record: Record;
  readonly chain: string | undefined;
}

/** A fact that is read from what is signed, which is logged as a whole. */
function fact<Input>(
  type: FactType,
  about: string,
  read: (input: Input, name: string) => unknown,
): FactDefinition<Input> {
  return { type, about, fields: [], read };
}

function addressIn<Record>(
  about: string,
  read: (record: Record) => string | undefined,
): FactDefinition<On<Record>> {
  return fact('Address', about, ({ record, chain }) => {
    const text = read(record);
    return text === undefined ? undefined : new Address(text, chain);
  });
}

/** A value that is as it is: a decimal number, a string or a boolean. */
function plain<Record>(
  type: 'Decimal' | 'string' | 'bool',
  about: string,
  read: (record: Record) => unknown,
): FactDefinition<On<Record>> {
  return fact(type, about, ({ record }) => read(record));
}

const RAW_FACTS: FactTable<Signed> = {
  verified: fact(
    'bool',
    'payload, recipient, amount and chain hold, and nothing contradicts; always present',
    ({ verified }) => verified,
  ),
  problem: fact('string', 'why it is not verified', ({ problem }) => problem),
  chain: fact('string', 'the chain of the raw transaction, such as `evm/1`', ({ chain }) => chain),
};

const EVM_FACTS: FactTable<On<EvmFacts>> = {
  chainId: plain('Decimal', 'absent before EIP-155', ({ chainId }) => chainId),
  to: addressIn('absent if the transaction creates a contract', ({ to }) => to),
  value: plain('Decimal', 'coins that are sent, in units of the chain’s coin', ({ value }) => value),
  maxFee: plain(
    'Decimal',
    'the most that gas can cost, in units of the chain’s coin',
    ({ maxFee }) => maxFee,
  ),
  nonce: plain('Decimal', '', ({ nonce }) => nonce),
  delegates: fact(
    'list<Address>',
    'the contracts that an EIP-7702 transaction delegates to; often empty',
    ({ record, chain }) => record.delegates.map((delegate) => new Address(delegate, chain)),
  ),
};

const TRANSFER_FACTS: FactTable<On<TransferRecord>> = {
  token: addressIn('contract or mint; absent for the chain’s coin', ({ token }) => token),
  asset: plain('string', 'Fireblocks asset id, if `assets` has the token', ({ asset }) => asset),
  from: addressIn('absent if it is the sender of the transaction', ({ from }) => from),
  to: addressIn('', ({ to }) => to),
  amount: plain(
    'Decimal',
    'in units of the asset; absent if `assets` does not have it',
    ({ amount }) => amount,
  ),
  units: plain('Decimal', 'the integer that is signed', ({ units }) => units),
  id: plain('Decimal', 'id of an ERC-721 or ERC-1155 token', ({ id }) => id),
};

const APPROVAL_FACTS: FactTable<On<ApprovalRecord>> = {
  token: addressIn('contract', ({ token }) => token),
  asset: plain('string', 'Fireblocks asset id, if `assets` has the token', ({ asset }) => asset),
  spender: addressIn('who may take the tokens', ({ spender }) => spender),
  amount: plain(
    'Decimal',
    'in units of the asset; absent if `assets` does not have it',
    ({ amount }) => amount,
  ),
  units: plain('Decimal', 'the integer that is signed', ({ units }) => units),
  unlimited: plain(
    'bool',
    'half of the largest possible amount or more, or all tokens of a collection',
    ({ unlimited }) => unlimited,
  ),
};

export const Transfer = factClass('transfer', TRANSFER_FACTS);
export const Approval = factClass('approval', APPROVAL_FACTS);

/**
 * Appends an entry that stands for what can't be read, so that a rule about all entries can't be evaluated, and one that
 * finds an entry before it can.
 */
function withUnreadable<Record, Entry>(
  records: readonly Record[],
  complete: boolean,
  chain: string | undefined,
  create: (input: On<Record>) => Entry,
  name: string,
): readonly Entry[] {
  const entries = records.map((record) => create({ record, chain }));
  return complete ? entries : [...entries, create(unreadable(name))];
}

/** Every use of it throws. */
function unreadable<Record>(name: string): On<Record> {
  const owner = name.replace(/\.\w+$/, '');
  return {
    get record(): Record {
      return unusable(name, `complete, because a part of it can’t be read: check ${owner}.complete first`);
    },
    chain: undefined,
  };
}

type WithEffects = { readonly effects?: Effects };

const EFFECT_FACTS: FactTable<On<WithEffects>> = {
  transfers: fact(
    'list<Transfer>',
    'tokens and coins that it moves, also inside multicalls, Safe transactions and batches',
    ({ record: { effects }, chain }, name) =>
      effects &&
      withUnreadable(effects.transfers, effects.complete, chain, (input) => new Transfer(input), name),
  ),
  approvals: fact(
    'list<Approval>',
    'permissions to take tokens that it gives',
    ({ record: { effects }, chain }, name) =>
      effects &&
      withUnreadable(effects.approvals, effects.complete, chain, (input) => new Approval(input), name),
  ),
  complete: plain('bool', 'whether all of it could be read', ({ effects }) => effects?.complete ?? false),
};

const CALL_FACTS: FactTable<On<CallFacts>> = {
  contract: addressIn('the contract that is called', ({ contract }) => contract),
  selector: plain('string', 'the first four bytes of the data: `0xa9059cbb`', ({ selector }) => selector),
  method: plain('string', 'its name, if it is known: `transfer`', ({ method }) => method),
  signature: plain('string', '`transfer(address,uint256)`', ({ signature }) => signature),
  args: fact(
    'dyn',
    'arguments by name and by number: `tx.call.args.amount`, `tx.call.args[0]`. Addresses compare as addresses, integers are decimals',
    ({ record: { args } }) => args && argumentMap(args),
  ),
  ...EFFECT_FACTS,
};

/** CEL's integers are bigints. */
function argumentMap(args: readonly NamedValue[]): ReadonlyMap<string | bigint, unknown> {
  return new Map<string | bigint, unknown>(
    args.flatMap(({ name, value }, index) => {
      const converted = toRuleValue(value);
      const byNumber = [BigInt(index), converted] as const;
      return name === '' ? [byNumber] : [[name, converted] as const, byNumber];
    }),
  );
}

function toRuleValue(value: Value): unknown {
  if (value instanceof AddressValue) return new Address(value.address, value.chain);
  if (typeof value !== 'object' || value instanceof Decimal) return value;
  if (Array.isArray(value)) return (value as readonly Value[]).map(toRuleValue);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, toRuleValue(inner as Value)]),
  );
}

const TYPED_DATA_FACTS: FactTable<On<TypedDataFacts>> = {
  primaryType: plain('string', 'such as `Permit`', ({ primaryType }) => primaryType),
  domain: fact(
    'dyn',
    'the signed fields of the domain, such as `tx.typedData.domain.verifyingContract`',
    ({ record: { domain } }) => toRuleValue(domain),
  ),
  message: fact(
    'dyn',
    'the signed fields of the message. Addresses compare as addresses, integers are decimals',
    ({ record: { message } }) => toRuleValue(message),
  ),
  ...EFFECT_FACTS,
};

const OUTPUT_FACTS: FactTable<On<OutputRecord>> = {
  address: addressIn('absent for a script without an address', ({ address }) => address),
  amount: plain('Decimal', 'in coins', ({ amount }) => amount),
  isChange: plain('bool', '', ({ isChange }) => isChange),
};

const INPUT_FACTS: FactTable<On<InputRecord>> = {
  txId: plain('string', 'transaction that is spent', ({ txId }) => txId),
  index: plain('Decimal', 'its output', ({ index }) => index),
  amount: plain('Decimal', 'in coins; absent for legacy inputs', ({ amount }) => amount),
};

export const BitcoinOutput = factClass('output', OUTPUT_FACTS);
export const BitcoinInput = factClass('input', INPUT_FACTS);

const BITCOIN_FACTS: FactTable<On<BitcoinFacts>> = {
  outputs: fact('list<BitcoinOutput>', 'all outputs, with the change', ({ record: { outputs }, chain }) =>
    outputs?.map((record) => new BitcoinOutput({ record, chain })),
  ),
  change: plain('Decimal', 'sum of the change, in coins', ({ change }) => change),
  fee: plain('Decimal', 'in coins; absent with legacy inputs', ({ fee }) => fee),
  inputs: fact('list<BitcoinInput>', '', ({ record: { inputs }, chain }) =>
    inputs?.map((record) => new BitcoinInput({ record, chain })),
  ),
};

const INSTRUCTION_FACTS: FactTable<On<InstructionRecord>> = {
  program: addressIn('', ({ program }) => program),
  name: plain('string', 'such as `system.transfer`; absent if it is not known', ({ name }) => name),
  accounts: fact('list<Address>', '', ({ record: { accounts }, chain }) =>
    accounts.map((account) => new Address(account, chain)),
  ),
  data: plain('string', 'hex: `0x…`', ({ data }) => data),
};

export const SolanaInstruction = factClass('instruction', INSTRUCTION_FACTS);

const SOLANA_FACTS: FactTable<On<SolanaFacts>> = {
  instructions: fact('list<SolanaInstruction>', '', ({ record: { instructions }, chain }) =>
    instructions.map((record) => new SolanaInstruction({ record, chain })),
  ),
  transfers: fact(
    'list<Transfer>',
    'transfers by the System and Token programs',
    ({ record: { transfers, complete }, chain }, name) =>
      withUnreadable(transfers, complete, chain, (input) => new Transfer(input), name),
  ),
  complete: plain('bool', 'whether all instructions could be read', ({ complete }) => complete),
};

export const Raw = factClass('tx.raw', RAW_FACTS);
export const Evm = factClass('tx.evm', EVM_FACTS);
export const Call = factClass('tx.call', CALL_FACTS);
export const Bitcoin = factClass('tx.btc', BITCOIN_FACTS);
export const Solana = factClass('tx.solana', SOLANA_FACTS);
export const TypedData = factClass('tx.typedData', TYPED_DATA_FACTS);

/** The classes of these facts and their definitions, keyed by type. */
export const SIGNED_TYPES = {
  Raw: { ctor: Raw, facts: RAW_FACTS },
  Evm: { ctor: Evm, facts: EVM_FACTS },
  Call: { ctor: Call, facts: CALL_FACTS },
  Transfer: { ctor: Transfer, facts: TRANSFER_FACTS },
  Approval: { ctor: Approval, facts: APPROVAL_FACTS },
  Bitcoin: { ctor: Bitcoin, facts: BITCOIN_FACTS },
  BitcoinOutput: { ctor: BitcoinOutput, facts: OUTPUT_FACTS },
  BitcoinInput: { ctor: BitcoinInput, facts: INPUT_FACTS },
  Solana: { ctor: Solana, facts: SOLANA_FACTS },
  SolanaInstruction: { ctor: SolanaInstruction, facts: INSTRUCTION_FACTS },
  TypedData: { ctor: TypedData, facts: TYPED_DATA_FACTS },
} as const;

/** The types of `tx.raw` and of the others that follow it. */
export const SIGNED_FACTS: FactTable<Signed> = {
  raw: fact('Raw', 'whether what is signed is what is displayed', (signed) => new Raw(signed)),
  evm: fact('Evm', 'an EVM transaction', (signed) => create(signed, signed.evm, Evm)),
  call: fact('Call', 'a contract call that could be read', (signed) =>
    create(onEvm(signed), signed.call, Call),
  ),
  btc: fact('Bitcoin', 'a transaction of Bitcoin or its kin', (signed) =>
    create(signed, signed.bitcoin, Bitcoin),
  ),
  solana: fact('Solana', 'a Solana message', (signed) => create(signed, signed.solana, Solana)),
  typedData: fact('TypedData', 'a typed message (EIP-712) that could be read', (signed) =>
    create(onEvm(signed), signed.typedData, TypedData),
  ),
};

/** Calls and typed messages exist on EVM chains only, where addresses are the same on each. */
function onEvm({ chain = 'evm/1' }: Signed): Pick<Signed, 'chain'> {
  return { chain };
}

function create<Record, Entry>(
  { chain }: Pick<Signed, 'chain'>,
  record: Record | undefined,
  Class: new (input: On<Record>) => Entry,
): Entry | undefined {
  return record === undefined ? undefined : new Class({ record, chain });
}
