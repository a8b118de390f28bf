// The types of the contract ABI, compiled once from a signature so that data is decoded without parsing type names.
import { parseAbiItem, toFunctionSelector, toFunctionSignature } from 'viem/utils';
import { BaseError } from '../../protocol/error.js';
import { type Atom, parseAtom, WORD } from './atom.js';

/** `size`: bytes in the head of the tuple that contains it; one word, an offset, if it is dynamic. */
interface Layout {
  readonly dynamic: boolean;
  readonly size: number;
}
export type AbiType = Layout &
  (
    | Atom
    /** Without a length, as many elements as the data says. */
    | { readonly kind: 'array'; readonly element: AbiType; readonly length?: number }
    | { readonly kind: 'tuple'; readonly fields: readonly AbiField[] }
  );

export interface AbiField {
  /** `''` without a name. */
  readonly name: string;
  readonly type: AbiType;
}

/** A function of a contract. */
export interface Signature {
  readonly name: string;
  /** `transfer(address,uint256)` */
  readonly text: string;
  /** `0x` and eight hex digits. */
  readonly selector: string;
  readonly fields: readonly AbiField[];
}

/** A signature that can't be read. */
export class SignatureError extends BaseError<'ABI_SIGNATURE'> {
  constructor(message: string) {
    super('ABI_SIGNATURE', message);
  }
}

/**
 * Compiles a human-readable signature.
 * @param text such as `function swap(address tokenIn, uint256 amountIn)`
 * @throws {SignatureError}
 */
export function parseSignature(text: string): Signature {
  const item = parseFunction(normalizeSpaces(text));
  const fields = item.inputs.map(compileField);
  assertDistinct(fields);
  return { name: item.name, text: toFunctionSignature(item), selector: toFunctionSelector(item), fields };
}

function normalizeSpaces(text: string): string {
  return text.trim().replace(/\s+/g, ' ').replace(/\( /g, '(').replace(/ \)/g, ')').replace(/;$/, '');
}

function parseFunction(text: string) {
  if (!text.startsWith('function ')) throw new SignatureError('expected "function name(types)"');
  let item;
  try {
    item = parseAbiItem(text);
  } catch (error) {
    throw new SignatureError(error instanceof Error ? describe(error.message) : String(error));
  }
  if (item.type !== 'function') throw new SignatureError('expected "function name(types)"');
  return item;
}

/** The sentences of an error of the parser, without its version and the input. */
function describe(message: string): string {
  const lines = message.split('\n').filter((line) => line !== '' && !/^(Version|Details):/.test(line));
  return lines.join(' ');
}

/** Rules read arguments by their names. */
function assertDistinct(fields: readonly AbiField[]): void {
  const seen = new Set<string>();
  for (const { name } of fields) {
    if (name !== '' && seen.has(name)) throw new SignatureError(`two arguments are named "${name}"`);
    seen.add(name);
  }
}

/** A parameter as `viem` parses it. */
interface Parameter {
  readonly type: string;
  readonly name?: string;
  readonly components?: readonly Parameter[];
}

function compileField(parameter: Parameter): AbiField {
  return { name: parameter.name ?? '', type: compileType(parameter) };
}

const ARRAY = /^(.*)\[(\d*)\]$/;

function compileType(parameter: Parameter): AbiType {
  const [, element, length] = ARRAY.exec(parameter.type) ?? [];
  if (element !== undefined) return arrayOf(compileType({ ...parameter, type: element }), length);
  if (parameter.type === 'tuple') return tupleOf((parameter.components ?? []).map(compileField));
  return compileElementary(parameter.type);
}

function arrayOf(element: AbiType, length: string | undefined): AbiType {
  if (length === undefined || length === '') return { kind: 'array', element, dynamic: true, size: WORD };
  const count = Number(length);
  // Elements without any bytes would let a few bytes of data stand for any number of values.
  if (count === 0) throw new SignatureError('an array of length 0 is not supported');
  const { dynamic } = element;
  return { kind: 'array', element, length: count, dynamic, size: dynamic ? WORD : count * element.size };
}

function tupleOf(fields: readonly AbiField[]): AbiType {
  if (fields.length === 0) throw new SignatureError('a tuple without components is not supported');
  const dynamic = fields.some(({ type }) => type.dynamic);
  return { kind: 'tuple', fields, dynamic, size: dynamic ? WORD : headSize(fields) };
}

/** Bytes of the part of a tuple that precedes its dynamic values. */
export function headSize(fields: readonly AbiField[]): number {
  return fields.reduce((sum, { type }) => sum + type.size, 0);
}

function compileElementary(name: string): AbiType {
  const atom = parseAtom(name);
  if (atom === undefined) throw new SignatureError(`unknown type "${name}"`);
  return { ...atom, dynamic: atom.kind === 'string' || atom.kind === 'bytes', size: WORD };
}
