// Reads typed data (EIP-712) strictly, and hashes it as it is signed.
//
// viem's `hashTypedData` hashes a type again for each struct of it, does not bound its work, and does not distinguish values
// that libraries read in different ways from values that none can read; hence an implementation of our own.
import { keccak256 } from 'viem/utils';
import { Decimal } from '../../protocol/decimal.js';
import { isObject } from '../../protocol/request.js';
import type { Value } from '../facts.js';
import { MalformedError, tryDecode } from '../finding.js';
import { encodeAtom } from './typed-atoms.js';
import {
  compileTypes,
  deriveDomainType,
  DOMAIN,
  encodeType,
  type Field,
  type FieldType,
  ownValue,
  type Types,
  UnreadableError,
  unreadableBy,
} from './typed-types.js';

/** What may still be hashed, in blocks of keccak256 (136 bytes, about 0.01 ms each). */
export interface Budget {
  blocks: number;
}
const BLOCK_SIZE = 136;

const MAX_DEPTH = 32;

export interface TypedData {
  /** What is signed: keccak256 of 0x1901, the hash of the domain and the hash of the message. */
  readonly digest: Buffer;
  /** The digest for a library that ignores the domain's type in the message, if it differs. */
  readonly otherDigest?: Buffer;
  readonly primaryType: string;
  /** `encodeType` of the primary type, such as `Mail(address to,string text)`. */
  readonly signature: string;
  /** Such as `evm/1`, by the domain. */
  readonly chain?: string;
  /** The fields that are signed; others of the message are not in `domain` and `message`. */
  readonly domain: Readonly<Record<string, Value>>;
  readonly message: Readonly<Record<string, Value>>;
}

interface Context {
  readonly types: Types;
  readonly typeHashes: Map<string, Buffer>;
  readonly budget: Budget;
  readonly chain: string | undefined;
}

/**
 * @param content `{ types, primaryType, domain, message }`
 * @param assetChain chain of the addresses if the domain names none
 * @param budget is used up by what is hashed
 * @throws {UnreadableError} if the digest can't be known
 * @throws {MalformedError} if no library can hash the message
 */
export function readTypedData(content: unknown, assetChain: string | undefined, budget: Budget): TypedData {
  const { types: definitions, primaryType, domain, message } = isObject(content) ? content : {};
  const types = compileTypes(definitions);
  if (!isObject(domain) || !isObject(message))
    throw new UnreadableError('the domain or the message is missing');
  if (typeof primaryType !== 'string' || primaryType === DOMAIN || !types.has(primaryType)) {
    throw new UnreadableError('the primary type is not among the types');
  }
  const derived = deriveDomainType(domain);
  const domainType = types.get(DOMAIN) ?? derived;
  const chain = chainOf(domainType, domain);
  const context = {
    types: new Map([...types, [DOMAIN, domainType]]),
    typeHashes: new Map<string, Buffer>(),
    budget,
    chain: chain ?? assetChain,
  };
  const hashedMessage = hashStruct(primaryType, message, context, 1);
  const hashedDomain = hashStruct(DOMAIN, domain, context, 1);
  return {
    digest: digestOf(hashedDomain.hash, hashedMessage.hash, budget),
    ...otherDigest(domain, domainType, hashedMessage.hash, budget),
    primaryType,
    signature: encodeType(primaryType, types),
    ...(chain !== undefined && { chain }),
    domain: hashedDomain.fact,
    message: hashedMessage.fact,
  };
}

function digestOf(domain: Buffer, message: Buffer, budget: Budget): Buffer {
  return keccak(Buffer.concat([Buffer.from([0x19, 0x01]), domain, message]), budget);
}

/** ethers derives the domain's type from the domain, whatever the message says. */
function otherDigest(
  domain: Readonly<Record<string, unknown>>,
  domainType: readonly Field[],
  message: Buffer,
  budget: Budget,
): { readonly otherDigest?: Buffer } {
  const types = new Map([[DOMAIN, deriveDomainType(domain)]]);
  if (encodeType(DOMAIN, types) === encodeType(DOMAIN, new Map([[DOMAIN, domainType]]))) return {};
  const context = { types, typeHashes: new Map<string, Buffer>(), budget, chain: undefined };
  try {
    const hashed = tryDecode(() => hashStruct(DOMAIN, domain, context, 1));
    return hashed === undefined ? {} : { otherDigest: digestOf(hashed.hash, message, budget) };
  } catch (error) {
    if (unreadableBy(error) !== undefined) return {};
    throw error;
  }
}

function chainOf(fields: readonly Field[], domain: Readonly<Record<string, unknown>>): string | undefined {
  const type = fields.find(({ name }) => name === 'chainId')?.type;
  if (type?.kind !== 'atom' || type.atom.kind !== 'integer') return undefined;
  const fact = encodeAtom(type.atom, ownValue(domain, 'chainId'), undefined)?.fact;
  return fact instanceof Decimal && fact.greaterThan(0) ? `evm/${fact.toFixed()}` : undefined;
}

interface Hashed<T extends Value = Value> {
  readonly hash: Buffer;
  readonly fact: T;
}

/** `hashStruct` of EIP-712. */
function hashStruct(
  name: string,
  value: Readonly<Record<string, unknown>>,
  context: Context,
  depth: number,
): Hashed<Readonly<Record<string, Value>>> {
  if (depth > MAX_DEPTH) throw new UnreadableError('the message is too deep');
  const words: Buffer[] = [typeHash(name, context)];
  const facts: [string, Value][] = [];
  for (const field of context.types.get(name) ?? []) {
    if (!Object.hasOwn(value, field.name)) throw missingField(name, field);
    const { hash, fact } = encodeField(field.type, value[field.name], field.name, context, depth);
    words.push(hash);
    facts.push([field.name, fact]);
  }
  return { hash: keccak(Buffer.concat(words), context.budget), fact: Object.fromEntries(facts) };
}

/**
 * eth-sig-util hashes a struct that is missing as zeros (`signTypedData_v4`), and ethers leaves out what the domain does
 * not have; no library hashes a message without another field.
 */
function missingField(struct: string, { name, type }: Field): MalformedError | UnreadableError {
  const what = `${struct} lacks the field ${name}`;
  return struct === DOMAIN || type.kind === 'struct' ? new UnreadableError(what) : new MalformedError(what);
}

function typeHash(name: string, { types, typeHashes, budget }: Context): Buffer {
  const known = typeHashes.get(name);
  if (known !== undefined) return known;
  const hash = keccak(Buffer.from(encodeType(name, types)), budget);
  typeHashes.set(name, hash);
  return hash;
}

/** @returns the word that stands for the value in its struct */
function encodeField(type: FieldType, value: unknown, name: string, context: Context, depth: number): Hashed {
  // JavaScript's null stands for zeros, for an empty value or for an error, as the library likes.
  if (value === null) throw new UnreadableError(`${name} is null`);
  if (type.kind === 'array') return encodeArray(type, value, name, context, depth);
  if (type.kind === 'struct') {
    if (!isObject(value)) throw new MalformedError(`${name} is not a ${type.name}`);
    return hashStruct(type.name, value, context, depth + 1);
  }
  const encoded = encodeAtom(type.atom, value, context.chain);
  if (encoded === undefined) throw new UnreadableError(`the value of ${name} has no documented form`);
  const hash = encoded.word ?? keccak(encoded.hashed ?? Buffer.alloc(0), context.budget);
  return { hash, fact: encoded.fact };
}

function encodeArray(
  { element, length }: FieldType & { kind: 'array' },
  value: unknown,
  name: string,
  context: Context,
  depth: number,
): Hashed {
  if (depth > MAX_DEPTH) throw new UnreadableError('the message is too deep');
  if (!Array.isArray(value)) throw new MalformedError(`${name} is not an array`);
  if (length !== undefined && value.length !== length) {
    throw new MalformedError(`${name} has ${value.length} elements, not ${length}`);
  }
  // Before its elements are encoded, so that no more of a long array is read than can be hashed.
  spend(value.length * 32, context.budget);
  const items = value.map((item: unknown) => encodeField(element, item, name, context, depth + 1));
  const hash = keccak256(Buffer.concat(items.map((item) => item.hash)), 'bytes');
  return { hash: Buffer.from(hash), fact: items.map(({ fact }) => fact) };
}

function keccak(bytes: Buffer, budget: Budget): Buffer {
  spend(bytes.length, budget);
  return Buffer.from(keccak256(bytes, 'bytes'));
}

/** @throws {UnreadableError} */
function spend(bytes: number, budget: Budget): void {
  budget.blocks -= Math.floor(bytes / BLOCK_SIZE) + 1;
  if (budget.blocks < 0) throw new UnreadableError('the message is too large');
}
