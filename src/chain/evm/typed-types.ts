// The types of typed data (EIP-712), compiled from the `types` of a message.
import { BaseError, codeOf } from '../../protocol/error.js';
import { isObject } from '../../protocol/request.js';
import { type Atom, parseAtom } from './atom.js';

/** A form that is not documented, or that libraries hash in different ways: nothing can be known about the message. */
export class UnreadableError extends BaseError<'TYPED_DATA_UNREADABLE'> {
  constructor(message: string) {
    super('TYPED_DATA_UNREADABLE', message);
  }
}

/** @returns why nothing can be known; `undefined` for any other error */
export function unreadableBy(error: unknown): string | undefined {
  return codeOf(error) === 'TYPED_DATA_UNREADABLE' && error instanceof Error ? error.message : undefined;
}

export type FieldType =
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'array'; readonly element: FieldType; readonly length?: number }
  | { readonly kind: 'atom'; readonly atom: Atom };

export interface Field {
  readonly name: string;
  /** As written: `uint256`, `Person[]`. */
  readonly text: string;
  readonly type: FieldType;
}

export type Types = ReadonlyMap<string, readonly Field[]>;

export const DOMAIN = 'EIP712Domain';

/** More types than any application has, and few enough that their dependencies are found in no time. */
const MAX_TYPES = 100;
const MAX_FIELDS = 200;
const MAX_NAME = 200;
/** With others, such as a comma, the text of one type could be the text of another. */
const STRUCT_NAME = /^[A-Za-z_$][\w$:]*$/;
const FIELD_NAME = /^[A-Za-z_$][\w$]*$/;

/** @throws {UnreadableError} */
export function compileTypes(types: unknown): Types {
  if (!isObject(types)) throw new UnreadableError('the message has no types');
  const names = new Set(Object.keys(types));
  if (names.size > MAX_TYPES) throw new UnreadableError(`the message has more than ${MAX_TYPES} types`);
  for (const name of names) {
    const isValid = name.length <= MAX_NAME && STRUCT_NAME.test(name) && parseAtom(name) === undefined;
    if (!isValid) throw new UnreadableError(`${quote(name)} is not the name of a type`);
  }
  return new Map(Object.entries(types).map(([name, fields]) => [name, compileFields(name, fields, names)]));
}

function compileFields(struct: string, fields: unknown, names: ReadonlySet<string>): readonly Field[] {
  if (!Array.isArray(fields)) throw new UnreadableError(`the type ${struct} has no fields`);
  if (fields.length > MAX_FIELDS) throw new UnreadableError(`the type ${struct} has too many fields`);
  const compiled = fields.map((field: unknown) => compileField(struct, field, names));
  if (new Set(compiled.map(({ name }) => name)).size < compiled.length) {
    throw new UnreadableError(`the type ${struct} has two fields of one name`);
  }
  return compiled;
}

function compileField(struct: string, field: unknown, names: ReadonlySet<string>): Field {
  const { name, type } = isObject(field) ? field : {};
  if (typeof name !== 'string' || typeof type !== 'string') {
    throw new UnreadableError(`a field of ${struct} has no name or type`);
  }
  if (name.length > MAX_NAME || !FIELD_NAME.test(name)) {
    throw new UnreadableError(`${quote(name)} is not the name of a field`);
  }
  if (type.length > MAX_NAME) throw new UnreadableError(`the type of ${name} is too long`);
  return { name, text: type, type: compileFieldType(type, names) };
}

const ARRAY = /^(.+)\[(\d*)\]$/;

function compileFieldType(text: string, names: ReadonlySet<string>): FieldType {
  if (names.has(text)) return { kind: 'struct', name: text };
  const [, element, length] = ARRAY.exec(text) ?? [];
  if (element !== undefined) {
    const array = { kind: 'array', element: compileFieldType(element, names) } as const;
    return length === undefined || length === '' ? array : { ...array, length: Number(length) };
  }
  const atom = parseAtom(text);
  if (atom === undefined) throw new UnreadableError(`the type ${quote(text)} is not known`);
  return { kind: 'atom', atom };
}

/** `encodeType` of EIP-712: the type, then all that it refers to, sorted by name. */
export function encodeType(name: string, types: Types): string {
  const found = new Set<string>();
  const pending = [name];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    for (const { type } of types.get(next) ?? []) {
      const struct = structOf(type);
      if (struct !== undefined) pending.push(struct);
    }
  }
  found.delete(name);
  return [name, ...[...found].sort()].map((struct) => `${struct}(${fieldList(types, struct)})`).join('');
}

function structOf(type: FieldType): string | undefined {
  if (type.kind === 'array') return structOf(type.element);
  return type.kind === 'struct' ? type.name : undefined;
}

function fieldList(types: Types, struct: string): string {
  return (types.get(struct) ?? []).map(({ name, text }) => `${text} ${name}`).join(',');
}

const DOMAIN_FIELDS = [
  ['name', 'string'],
  ['version', 'string'],
  ['chainId', 'uint256'],
  ['verifyingContract', 'address'],
  ['salt', 'bytes32'],
] as const;

/** The type of a domain that the message does not define: the fields that are there, in the order of EIP-712. */
export function deriveDomainType(domain: Readonly<Record<string, unknown>>): readonly Field[] {
  return DOMAIN_FIELDS.filter(([name]) => (ownValue(domain, name) ?? null) !== null).map(([name, text]) => {
    return { name, text, type: compileFieldType(text, new Set()) };
  });
}

/** @returns `undefined` for what an object only inherits */
export function ownValue(record: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** A short piece of the input, for an error message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
