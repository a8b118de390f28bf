// Finds addresses that are looked up in a list of ids, and ids that are looked up in a list of addresses.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';
import { looksLikeAddress } from './address-form.js';
import { type Finding, forEachNode, inCondition, type PlacedRule, type Subject } from './finding.js';
import { memberOf, nameOf, typeOf } from './terms.js';

export function listKindHabits(subject: Subject): readonly Finding[] {
  return forEachNode(subject, (node, placed) => lookup(node, placed, subject.policy));
}

function lookup(node: ASTNode, placed: PlacedRule, { lists }: Policy): readonly Finding[] {
  if (node.op !== 'in') return [];
  const [fact, list] = node.args;
  const entries = lists.get(memberOf(list, 'lists') ?? '') ?? [];
  if (entries.length === 0) return [];
  const isAddress = /^(?:Address|Destination)$/.test(typeOf(fact));
  if (isAddress && entries.every((entry) => typeof entry === 'string' && isId(entry))) {
    return [
      mismatch(
        placed,
        node,
        `no entry of ${nameOf(list)} is an address, so ${nameOf(fact)} is never one of them`,
        `look up an address in a list of addresses, or an id in this one, such as d.id in ${nameOf(list)}`,
      ),
    ];
  }
  const isText = typeOf(fact) === 'string' && nameOf(fact).includes('.');
  if (isText && entries.every((entry) => typeof entry !== 'string' || looksLikeAddress(entry))) {
    return [
      mismatch(
        placed,
        node,
        `${nameOf(list)} holds addresses, and ${nameOf(fact)} is none, so it is never one of them`,
        `write tx.destinations.all(d, d in ${nameOf(list)}), or look up ${nameOf(fact)} in a list of ids`,
      ),
    ];
  }
  return [];
}

function mismatch(placed: PlacedRule, node: ASTNode, message: string, advice: string): Finding {
  return inCondition(placed, node.start, { code: 'wrong-list', message, advice });
}

/** Ids of vault accounts are numbers, and assets are in capitals; accounts of NEAR have lower-case names. */
function isId(entry: string): boolean {
  return /^(?:\d{1,12}|[A-Z][A-Z0-9_-]{0,30}|[0-9a-f]{8}-[0-9a-f-]{27})$/.test(entry);
}
