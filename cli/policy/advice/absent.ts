// Finds facts that are often absent and that a rule reads without `has()`: then no later rule is evaluated.
import type { ASTNode } from '@marcbachmann/cel-js';
import type { Rule } from '../../../src/policy/evaluate/rules.js';
import { type Finding, inCondition, type Subject } from './finding.js';
import { nameOf, stringOf, typeOf } from './terms.js';

export function absenceHabits({ policy }: Subject): readonly Finding[] {
  return policy.rules.flatMap((rule, index) => {
    const found = new Map<string, Finding>();
    for (const { node, fact } of unguarded(rule.ast, new Set(), rule)) {
      if (found.has(fact)) continue;
      found.set(
        fact,
        inCondition({ rule, index }, node.start, {
          code: 'may-be-absent',
          message: `many requests have no ${fact}: then this rule can't be evaluated, the answer is onError (${policy.onError.toLowerCase()}), and no later rule is evaluated`,
          advice: `write has(${fact}) && … before it`,
        }),
      );
    }
    return [...found.values()];
  });
}

/** Facts that ordinary requests do not have, and the operation that has them. */
const OFTEN_ABSENT: Readonly<Record<string, string>> = {
  'tx.note': '',
  'tx.externalTxId': '',
  'tx.customerRefId': '',
  'tx.fee': '',
  'tx.call': 'CONTRACT_CALL',
  'tx.typedData': 'TYPED_MESSAGE',
  'tx.solana': 'PROGRAM_CALL',
};

type Guards = ReadonlySet<string>;

interface Read {
  readonly node: ASTNode;
  readonly fact: string;
}

/** Reads of facts that nothing to their left makes sure of. */
function* unguarded(node: ASTNode, guards: Guards, rule: Rule): Generator<Read> {
  switch (node.op) {
    case '&&':
    case '||': {
      const [left, right] = node.args;
      yield* unguarded(left, guards, rule);
      yield* unguarded(right, new Set([...guards, ...guardsOf(left, node.op === '&&')]), rule);
      return;
    }
    case '?:': {
      const [condition, then, otherwise] = node.args;
      yield* unguarded(condition, guards, rule);
      yield* unguarded(then, new Set([...guards, ...guardsOf(condition, true)]), rule);
      yield* unguarded(otherwise, new Set([...guards, ...guardsOf(condition, false)]), rule);
      return;
    }
    case 'call':
      if (node.args[0] === 'has') return;
      for (const argument of node.args[1]) yield* unguarded(argument, guards, rule);
      return;
    case '.':
    case '[]': {
      const fact = absentFact(node, rule);
      if (fact !== undefined) {
        if (!guards.has(fact)) yield { node, fact };
        return;
      }
    }
  }
  for (const child of childrenOf(node.args)) yield* unguarded(child, guards, rule);
}

function absentFact(node: ASTNode & { readonly op: '.' | '[]' }, rule: Rule): string | undefined {
  const name = nameOf(node);
  if (Object.hasOwn(OFTEN_ABSENT, name)) return name;
  if (name.endsWith('.tag') && typeOf(node.args[0]) === 'Destination') return name;
  return name === 'tx.destinations' && rule.action !== 'APPROVE' ? name : undefined;
}

function childrenOf(args: unknown): readonly ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(childrenOf);
  return typeof args === 'object' && args !== null && 'op' in args ? [args as ASTNode] : [];
}

/** What is present if an expression is true, or false. */
function guardsOf(node: ASTNode, holds: boolean): readonly string[] {
  switch (node.op) {
    case '!_':
      return guardsOf(node.args, !holds);
    case '&&':
    case '||': {
      const [left, right] = node.args.map((part) => guardsOf(part, holds));
      if ((node.op === '&&') === holds) return [...(left ?? []), ...(right ?? [])];
      return (left ?? []).filter((fact) => right?.includes(fact));
    }
    case 'call': {
      const [argument] = node.args[1];
      return node.args[0] === 'has' && holds && argument !== undefined ? prefixesOf(nameOf(argument)) : [];
    }
    case '==':
      return holds ? guardsOfComparison(node.args) : [];
    case 'in':
      return holds ? guardsOfComparison(node.args) : [];
    default:
      return [];
  }
}

/** An operation has its facts; only a signing request has a fee. */
function guardsOfComparison([left, right]: readonly [ASTNode, ASTNode]): readonly string[] {
  const [fact, values] = nameOf(left).startsWith('tx.') ? [left, right] : [right, left];
  const written = (values.op === 'list' ? values.args : [values]).map((value) => stringOf(value) ?? '');
  if (nameOf(fact) === 'tx.stage' && written.every((value) => value === 'signing')) return ['tx.fee'];
  if (nameOf(fact) !== 'tx.operation') return [];
  const guarded = Object.entries(OFTEN_ABSENT)
    .filter(([, operation]) => operation !== '' && written.every((value) => value === operation))
    .map(([name]) => name);
  return written.every((value) => value === 'TRANSFER') ? ['tx.destinations'] : guarded;
}

/** `tx.call.method` is present only if `tx.call` is. */
function prefixesOf(name: string): readonly string[] {
  const parts = name.split('.');
  return parts.map((_, index) => parts.slice(0, index + 1).join('.'));
}
