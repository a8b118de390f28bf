// The facts about what a transaction signs: `tx.raw`, `tx.evm`, `tx.call`, `tx.btc`, `tx.solana` and `tx.typedData`.
import type {
  Approval as ApprovalReading,
  BitcoinFacts,
  BitcoinInput,
  BitcoinOutput,
  CallFacts,
  Effects,
  EvmFacts,
  SolanaFacts,
  SolanaInstruction,
  Transfer as TransferReading,
  TypedDataFacts,
} from '../../chain/facts.js';
import { Address } from './address.js';
import { type AddressContext, type FactDefinition, FactError, type FactTable, factClass } from './fact.js';
import type { Subject } from './subject.js';
import { toArguments, toRecord } from './values.js';

/** Something that was read, and the chain and asset of its addresses. */
interface Read<Reading> extends AddressContext {
  readonly reading: Reading;
}

/** A fact of what was read. */
function fact<Reading>(
  type: string,
  read: (reading: Reading, context: AddressContext) => unknown,
): FactDefinition<Read<Reading>> {
  return { type, fields: [], read: ({ reading, ...context }) => read(reading, context) };
}

function toAddress(text: string | undefined, { chain, asset }: AddressContext): Address | undefined {
  return text === undefined ? undefined : new Address(text, chain, asset);
}

function toAddresses(texts: readonly string[], context: AddressContext): readonly Address[] {
  return texts.map((text) => new Address(text, context.chain, context.asset));
}

/** Stands for the rest of a list that can't be read, so that no rule takes the list for complete. */
const UNREADABLE = Symbol('unreadable');

/** Facts of an entry that may stand for what can't be read. */
function entryFacts<Reading>(table: FactTable<Read<Reading>>): FactTable<Read<Reading | typeof UNREADABLE>> {
  const guarded = Object.entries(table).map(
    ([name, definition]): [string, FactDefinition<Read<Reading | typeof UNREADABLE>>] => [
      name,
      {
        ...definition,
        read(input, fullName) {
          const { reading, ...context } = input;
          if (reading !== UNREADABLE) return definition.read({ reading, ...context }, fullName);
          throw new FactError('a part of what is signed can’t be read: check .complete first');
        },
      },
    ],
  );
  return Object.fromEntries(guarded);
}

export const RAW_FACTS: FactTable<Subject> = {
  verified: { type: 'bool', fields: [], read: ({ signed }) => signed?.verified ?? false },
  problem: { type: 'string', fields: [], read: ({ signed }) => signed?.problem },
  chain: { type: 'string', fields: [], read: ({ signed }) => signed?.chain },
};

export const EVM_FACTS: FactTable<Read<EvmFacts>> = {
  chainId: fact('Decimal', ({ chainId }) => chainId),
  to: fact('Address', ({ to }, context) => toAddress(to, context)),
  value: fact('Decimal', ({ value }) => value),
  maxFee: fact('Decimal', ({ maxFee }) => maxFee),
  nonce: fact('Decimal', ({ nonce }) => nonce),
  delegates: fact('list<Address>', ({ delegates }, context) => toAddresses(delegates, context)),
};

const TRANSFER_TABLE: FactTable<Read<TransferReading>> = {
  token: fact('Address', ({ token }, context) => toAddress(token, context)),
  asset: fact('string', ({ asset }) => asset),
  from: fact('Address', ({ from, asset }, { chain }) => toAddress(from, { chain, asset })),
  to: fact('Address', ({ to, asset }, { chain }) => toAddress(to, { chain, asset })),
  amount: fact('Decimal', ({ amount }) => amount),
  units: fact('Decimal', ({ units }) => units),
  id: fact('Decimal', ({ id }) => id),
};
export const TRANSFER_FACTS = entryFacts(TRANSFER_TABLE);

const APPROVAL_TABLE: FactTable<Read<ApprovalReading>> = {
  token: fact('Address', ({ token }, context) => toAddress(token, context)),
  asset: fact('string', ({ asset }) => asset),
  spender: fact('Address', ({ spender, asset }, { chain }) => toAddress(spender, { chain, asset })),
  amount: fact('Decimal', ({ amount }) => amount),
  units: fact('Decimal', ({ units }) => units),
  unlimited: fact('bool', ({ unlimited }) => unlimited),
};
export const APPROVAL_FACTS = entryFacts(APPROVAL_TABLE);

/** A movement of tokens or coins: `t` in `tx.call.transfers.all(t, …)`. */
export const Transfer = factClass('transfers[]', TRANSFER_FACTS);
/** A permission to take tokens: `a` in `tx.call.approvals.all(a, …)`. */
export const Approval = factClass('approvals[]', APPROVAL_FACTS);

/** Facts about what a call or message does to tokens; `complete` is always present. */
function effectFacts<Reading extends { readonly effects?: Effects }>(): FactTable<Read<Reading>> {
  return {
    transfers: fact('list<Transfer>', ({ effects }, context) =>
      effects === undefined ? undefined : transfersOf(effects, context),
    ),
    approvals: fact('list<Approval>', ({ effects }, context) => {
      if (effects === undefined) return undefined;
      const approvals = effects.approvals.map((reading) => new Approval({ reading, ...context }));
      return ifAny(effects.complete ? approvals : [...approvals, new Approval({ reading: UNREADABLE })]);
    }),
    complete: fact('bool', ({ effects }) => effects?.complete ?? false),
  };
}

function transfersOf(
  { transfers, complete }: Pick<Effects, 'transfers' | 'complete'>,
  context: AddressContext,
): readonly InstanceType<typeof Transfer>[] | undefined {
  const read = transfers.map((reading) => new Transfer({ reading, ...context }));
  return ifAny(complete ? read : [...read, new Transfer({ reading: UNREADABLE })]);
}

/** As with destinations, an empty list is absent: a rule about all transfers would match a call that only approves. */
function ifAny<Entry>(entries: readonly Entry[]): readonly Entry[] | undefined {
  return entries.length === 0 ? undefined : entries;
}

export const CALL_FACTS: FactTable<Read<CallFacts>> = {
  contract: fact('Address', ({ contract }, context) => toAddress(contract, context)),
  selector: fact('string', ({ selector }) => selector),
  method: fact('string', ({ method }) => method),
  signature: fact('string', ({ signature }) => signature),
  args: fact('dyn', ({ args }, context) => (args === undefined ? undefined : toArguments(args, context))),
  ...effectFacts<CallFacts>(),
};

export const OUTPUT_FACTS: FactTable<Read<BitcoinOutput>> = {
  address: fact('Address', ({ address }, context) => toAddress(address, context)),
  amount: fact('Decimal', ({ amount }) => amount),
  isChange: fact('bool', ({ isChange }) => isChange),
};
export const Output = factClass('tx.btc.outputs[]', OUTPUT_FACTS);

export const INPUT_FACTS: FactTable<Read<BitcoinInput>> = {
  txId: fact('string', ({ txId }) => txId),
  index: fact('Decimal', ({ index }) => index),
  amount: fact('Decimal', ({ amount }) => amount),
};
export const Input = factClass('tx.btc.inputs[]', INPUT_FACTS);

export const BITCOIN_FACTS: FactTable<Read<BitcoinFacts>> = {
  outputs: fact('list<Output>', ({ outputs }, context) =>
    outputs?.map((reading) => new Output({ reading, ...context })),
  ),
  change: fact('Decimal', ({ change }) => change),
  fee: fact('Decimal', ({ fee }) => fee),
  inputs: fact('list<Input>', ({ inputs }, context) =>
    inputs?.map((reading) => new Input({ reading, ...context })),
  ),
};

export const INSTRUCTION_FACTS: FactTable<Read<SolanaInstruction>> = {
  program: fact('Address', ({ program }, context) => toAddress(program, context)),
  name: fact('string', ({ name }) => name),
  accounts: fact('list<Address>', ({ accounts }, context) => toAddresses(accounts, context)),
  data: fact('string', ({ data }) => data),
};
export const Instruction = factClass('tx.solana.instructions[]', INSTRUCTION_FACTS);

export const SOLANA_FACTS: FactTable<Read<SolanaFacts>> = {
  instructions: fact('list<Instruction>', ({ instructions }, context) =>
    instructions.map((reading) => new Instruction({ reading, ...context })),
  ),
  transfers: fact('list<Transfer>', (solana, context) => transfersOf(solana, context)),
  complete: fact('bool', ({ complete }) => complete),
};

export const TYPED_DATA_FACTS: FactTable<Read<TypedDataFacts>> = {
  primaryType: fact('string', ({ primaryType }) => primaryType),
  domain: fact('dyn', ({ domain }, context) => toRecord(domain, context)),
  message: fact('dyn', ({ message }, context) => toRecord(message, context)),
  ...effectFacts<TypedDataFacts>(),
};

export const Raw = factClass('tx.raw', RAW_FACTS);
export const Evm = factClass('tx.evm', EVM_FACTS);
export const Call = factClass('tx.call', CALL_FACTS);
export const Bitcoin = factClass('tx.btc', BITCOIN_FACTS);
export const Solana = factClass('tx.solana', SOLANA_FACTS);
export const TypedData = factClass('tx.typedData', TYPED_DATA_FACTS);

/** A fact that is an object with facts of its own; absent if it could not be read. */
function part<Reading>(
  type: string,
  readingOf: (subject: Subject) => Reading | undefined,
  FactReader: new (input: Read<Reading>) => object,
): FactDefinition<Subject> {
  return {
    type,
    fields: [],
    read(subject) {
      const reading = readingOf(subject);
      if (reading === undefined) return undefined;
      const chain = subject.signed?.chain ?? subject.addresses.chain;
      return new FactReader({ reading, chain, asset: subject.addresses.asset });
    },
  };
}

/** The parts of `tx` about what is signed. */
export const SIGNED_FACTS: FactTable<Subject> = {
  raw: { type: 'Raw', fields: [], read: (subject) => new Raw(subject) },
  evm: part('Evm', ({ signed }) => signed?.evm, Evm),
  call: part('Call', ({ signed }) => signed?.call, Call),
  btc: part('Bitcoin', ({ signed }) => signed?.bitcoin, Bitcoin),
  solana: part('Solana', ({ signed }) => signed?.solana, Solana),
  typedData: part('TypedData', ({ signed }) => signed?.typedData, TypedData),
};
