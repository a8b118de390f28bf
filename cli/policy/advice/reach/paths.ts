// Finds the facts that an expression reads, and whether they are there.
import type { ASTNode } from '@marcbachmann/cel-js';
import { FACT_CLASSES } from '../../../../src/policy/facts/facts.js';
import { isAddressText } from './addresses.js';
import { PRESENT, type Sort } from './mentions.js';
import { type DestinationValue, FAILED, type Term, UNKNOWN, type ValueOf } from './term.js';
import { patternOf, type Variables } from './variables.js';

/** Where an expression is evaluated. */
export interface Scope {
  readonly variables: Variables;
  /** What the variables of loops stand for, such as `tx.destinations[0]`, with their types. */
  readonly bindings: ReadonlyMap<string, Place>;
}

/** A fact, or an entry of a list. */
export interface Place {
  /** Such as `tx.destinations[0].address`. */
  readonly name: string;
  /** Its type in the rule language. */
  readonly type: string;
  /** The facts that it is part of, with the value that each must have. */
  readonly owners: readonly Owner[];
}

interface Owner {
  readonly variable: number;
  /** Number of entries that a list must have more than; otherwise, it must be an object. */
  readonly index?: number;
}

/** Dynamic facts whose members are followed. */
const FOLLOWED = /^(?:config\.extraInfo|tx\.extraParameters)\b/;

export function placeOf(node: ASTNode, scope: Scope): Place | undefined {
  if (node.op === 'id') {
    if (node.args === 'tx') return { name: 'tx', type: 'Transaction', owners: [] };
    if (node.args === 'config') return { name: 'config', type: 'Configuration', owners: [] };
    return scope.bindings.get(node.args);
  }
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const owner = placeOf(node.args[0], scope);
  if (owner === undefined) return undefined;
  const member = typeof node.args[1] === 'string' ? node.args[1] : literalOf(node.args[1]);
  if (typeof member === 'bigint') return entryOf(owner, Number(member), scope);
  return typeof member === 'string' ? memberOf(owner, member, scope) : undefined;
}

function literalOf(node: ASTNode): unknown {
  return node.op === 'value' ? node.args : undefined;
}

const CLASSES: Readonly<Record<string, { readonly facts: Readonly<Record<string, string>> }>> = FACT_CLASSES;

function memberOf(owner: Place, member: string, scope: Scope): Place | undefined {
  const name = `${owner.name}.${member}`;
  const facts = CLASSES[owner.type]?.facts;
  const type =
    facts?.[member] ?? (owner.type === 'dyn' && FOLLOWED.test(owner.name) ? dynamicType(name) : undefined);
  return type === undefined ? undefined : { name, type, owners: ownersIn(owner, scope) };
}

/** What is under these keys of `config.extraInfo` compares as an address. */
function dynamicType(name: string): string | undefined {
  if (!name.startsWith('config.extraInfo')) return 'dyn';
  if (name.endsWith('.addresses')) return undefined;
  return name.endsWith('.address') || name.endsWith('Address') ? 'Address' : 'dyn';
}

/** The owners of a part of this place. */
function ownersIn(place: Place, { variables }: Scope): readonly Owner[] {
  const sort = sortOf(place.type);
  if (sort === undefined || !place.name.includes('.') || place.name.endsWith(']')) return place.owners;
  if (sort === 'dynamic') variables.mentionsOf(patternOf(place.name)).hasParts = true;
  return [...place.owners, { variable: variables.of(place.name, sort).id }];
}

/** `tx.destinations[0]` */
export function entryOf(list: Place, index: number, { variables }: Scope): Place | undefined {
  const type = /^list<(\w+)>$/.exec(list.type)?.[1];
  if (type === undefined) return undefined;
  const { id } = variables.of(list.name, 'length');
  variables.mentionsOf(patternOf(list.name)).lengths.add(index);
  return { name: `${list.name}[${index}]`, type, owners: [...list.owners, { variable: id, index }] };
}

export function sortOf(type: string): Sort | undefined {
  switch (type) {
    case 'string':
      return 'string';
    case 'Decimal':
      return 'decimal';
    case 'Address':
      return 'address';
    case 'bool':
      return 'bool';
    case 'dyn':
      return 'dynamic';
    default:
      return type.startsWith('list<') ? 'length' : type in CLASSES ? 'object' : undefined;
  }
}

/** @returns whether all owners are there */
function areThere(owners: readonly Owner[], valueOf: ValueOf): boolean {
  return owners.every(({ variable, index }) => {
    const value = valueOf(variable);
    return index === undefined ? value === PRESENT : typeof value === 'number' && value > index;
  });
}

/** A fact as a term; an error if it, or what it is part of, is absent. */
export function readFact(node: ASTNode, scope: Scope): Term | undefined {
  const place = placeOf(node, scope);
  return place && factAt(place, scope);
}

function factAt(place: Place, scope: Scope): Term | undefined {
  const sort = sortOf(place.type);
  if (sort === undefined) return undefined;
  if (place.type === 'Destination') return destinationAt(place, scope);
  const { id } = scope.variables.of(place.name, sort);
  const isUnknown = sort === 'object';
  return {
    reads: [...place.owners.map(({ variable }) => variable), id],
    fact: patternOf(place.name),
    evaluate(valueOf) {
      if (!areThere(place.owners, valueOf)) return FAILED;
      const value = valueOf(id);
      return value === undefined ? FAILED : isUnknown || value === PRESENT ? UNKNOWN : value;
    },
  };
}

function destinationAt(place: Place, scope: Scope): Term {
  const address = scope.variables.of(`${place.name}.address`, 'address').id;
  const tag = scope.variables.of(`${place.name}.tag`, 'string').id;
  return {
    reads: [...place.owners.map(({ variable }) => variable), address, tag],
    evaluate(valueOf) {
      if (!areThere(place.owners, valueOf)) return FAILED;
      const text = valueOf(address);
      if (!isAddressText(text)) return FAILED;
      const value: DestinationValue = { destination: text.address, tag: valueOf(tag) as string | undefined };
      return value;
    },
    fact: patternOf(place.name),
  };
}

/** `has(tx.call.method)` @returns `undefined` if the fact is not known */
export function presenceOf(node: ASTNode, scope: Scope): Term | undefined {
  const place = placeOf(node, scope);
  const sort = place && sortOf(place.type);
  if (place === undefined || sort === undefined) return undefined;
  const { id } = scope.variables.of(place.name, sort);
  return {
    reads: [...place.owners.map(({ variable }) => variable), id],
    evaluate: (valueOf) => areThere(place.owners, valueOf) && valueOf(id) !== undefined,
  };
}
