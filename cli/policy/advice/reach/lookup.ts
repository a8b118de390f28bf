// Conditions with `in`: whether something is in a list.
import type { ASTNode } from '@marcbachmann/cel-js';
import { isAddressText } from './addresses.js';
import { atom } from './atom.js';
import { compareEqual, EITHER } from './comparison.js';
import { type Condition, ERROR, FALSE, outcomeOf, TRUE } from './condition.js';
import type { Scope } from './paths.js';
import { addressContext, addTimes, mention } from './register.js';
import { type DestinationValue, FAILED, isTableText, type Term, UNKNOWN } from './term.js';
import { tableOf, termOf } from './terms.js';

type InNode = Extract<ASTNode, { readonly op: 'in' }>;

/** @returns `undefined` if what is searched is not a list of the policy, a table, or written in place */
export function lookup(node: InNode, scope: Scope): Condition | undefined {
  const [item, list] = node.args;
  if (list.op === 'list') return inLiterals(node, list.args, scope);
  const table = tableOf(list, scope);
  if (table !== undefined) return inKeys(node, [...table.keys()], scope);
  const name =
    list.op === '.' && list.args[0].op === 'id' && list.args[0].args === 'lists' ? list.args[1] : undefined;
  return name === undefined ? undefined : inList(node, termOf(item, scope), name, scope);
}

function inLiterals(node: InNode, entries: readonly ASTNode[], scope: Scope): Condition {
  const item = termOf(node.args[0], scope);
  const terms = entries.map((entry) => termOf(entry, scope));
  const isComplete = terms.map((term) => mention(item, term, scope)).every(Boolean);
  const context = addressContext(scope, item, ...terms);
  const isUncertain = !isComplete || [item, context, ...terms].some((term) => term.isUncertain === true);
  const reads = [...item.reads, ...context.reads, ...terms.flatMap((term) => term.reads)];
  return atom({ node, scope, reads, isUncertain }, (valueOf) => {
    const value = item.evaluate(valueOf);
    if (value === FAILED) return ERROR;
    const outcomes = terms.map((term) =>
      compareEqual(value, term.evaluate(valueOf), (one, other) => context.equal(one, other, valueOf)),
    );
    if (outcomes.includes(ERROR)) return ERROR;
    if (outcomes.includes(TRUE)) return TRUE;
    return outcomes.every((outcome) => outcome === FALSE) ? FALSE : EITHER;
  });
}

/** `tx.asset in tables.limits` */
function inKeys(node: InNode, keys: readonly string[], scope: Scope): Condition {
  const item = termOf(node.args[0], scope);
  if (item.fact !== undefined) {
    const { strings } = scope.variables.mentionsOf(item.fact);
    for (const key of keys) strings.add(key);
  }
  const known = new Set<unknown>(keys);
  return atom({ node, scope, reads: item.reads, isUncertain: item.isUncertain === true }, (valueOf) => {
    const value = item.evaluate(valueOf);
    if (value === FAILED) return ERROR;
    return value === UNKNOWN ? EITHER : outcomeOf(known.has(value));
  });
}

function inList(node: InNode, item: Term, name: string, scope: Scope): Condition {
  const { variables } = scope;
  const { addresses, policy } = variables;
  const { fact } = item;
  if (fact !== undefined) mentionList(fact, name, scope);
  const context = addressContext(scope, item);
  for (const id of context.reads) {
    const { strings } = variables.mentionsOf(variables.all[id]?.pattern ?? '');
    for (const asset of addresses.assetsIn(name)) strings.add(asset);
  }
  const list = policy.named[name];
  const isKnown = addresses.isKnown(name) && list !== undefined && fact !== undefined;
  const isUncertain = !isKnown || item.isUncertain === true || context.isUncertain;
  return atom({ node, scope, reads: [...item.reads, ...context.reads], isUncertain }, (valueOf) => {
    const value = item.evaluate(valueOf);
    if (value === FAILED) return ERROR;
    if (!isKnown || value === UNKNOWN || context.isUncertain) return EITHER;
    const asset = context.assetIn(valueOf);
    if (isAddressText(value)) return outcomeOf(list.hasAddress(addresses.addressFor(value.address, asset)));
    if (typeof value === 'string') return outcomeOf(list.has(value));
    if (isTableText(value)) return outcomeOf(list.has(value.text));
    if (!isDestination(value)) return EITHER;
    return outcomeOf(list.hasDestination(addresses.addressFor(value.destination, asset), value.tag));
  });
}

function isDestination(value: unknown): value is DestinationValue {
  return typeof value === 'object' && value !== null && 'destination' in value;
}

/** A destination is in a list by its address and its tag. */
function mentionList(fact: string, name: string, { variables }: Scope): void {
  if (fact.startsWith('now.')) {
    const entries = variables.addresses.isKnown(name) ? (variables.policy.lists.get(name) ?? []) : [];
    addTimes(fact, entries, { variables });
    return;
  }
  const isEntry = fact.endsWith('[]') && variables.find(`${fact.slice(0, -2)}[0].tag`) !== undefined;
  variables.mentionsOf(isEntry ? `${fact}.address` : fact).lists.add(name);
  if (!isEntry) return;
  const { strings } = variables.mentionsOf(`${fact}.tag`);
  for (const tag of variables.addresses.tagsIn(name)) strings.add(tag);
}
