// Detects whether a replayed decision depends on facts that were not logged.
import { type ASTNode, serialize } from '@marcbachmann/cel-js';
import type { Signed } from '../../src/chain/read.js';
import {
  EXTRA_INFO_FIELDS,
  OTHER_PARAMETERS,
  SIGNED_PARAMETERS,
  UNDOCUMENTED_EXTRA_INFO,
} from '../../src/policy/evaluate/record.js';
import type { Memory } from '../../src/policy/evaluate/memory.js';
import type { Policy, Rule } from '../../src/policy/evaluate/rules.js';
import { expressionsOf, LIMIT_PREFIX } from '../../src/policy/limits/limit.js';
import { nodesIn } from '../../src/policy/language/nodes.js';
import { rememberedFacts } from '../../src/policy/language/remembered.js';

/** The fields that `tx.initiator` is read from. */
const PROOF_FIELDS = ['message', 'extraSignature'];

/** What a policy's rules could read of an object whose undocumented fields are not logged, not even their names. */
interface Reads {
  /** Names of fields that rules mention. */
  readonly names: readonly string[];
  /** Ids of rules that read the object as a whole, such as its size. */
  readonly wholeIn: ReadonlySet<string>;
}

/** Keyed by what stands for the undocumented fields in `omitted`. */
export type UndocumentedReads = ReadonlyMap<string, Reads>;

/** An expression of a rule, or of a limit. */
type Reader = Pick<Rule, 'id' | 'ast'>;

export function undocumentedReads({ rulesFor, limits, holds }: Policy): UndocumentedReads {
  const isProofRead = rulesFor.transaction.some(
    ({ hold }) => (holds.get(hold ?? '')?.notInitiator ?? []).length > 0,
  );
  const limitReaders = limits.flatMap((limit) =>
    expressionsOf(limit).map(({ ast }) => ({ id: `${LIMIT_PREFIX}${limit.name}`, ast })),
  );
  return new Map([
    [
      UNDOCUMENTED_EXTRA_INFO,
      readsOf(rulesFor.configuration, 'config.extraInfo', [...EXTRA_INFO_FIELDS, 'apiKey']),
    ],
    [
      OTHER_PARAMETERS,
      withNames(
        readsOf([...rulesFor.transaction, ...limitReaders], 'tx.extraParameters', SIGNED_PARAMETERS),
        // Who initiated a transaction may not approve it.
        isProofRead ? PROOF_FIELDS : [],
      ),
    ],
  ]);
}

function readsOf(rules: readonly Reader[], object: string, logged: readonly string[]): Reads {
  const names = rules.flatMap(({ ast }) => [
    ...[...nodesIn(ast)].flatMap(memberOf),
    ...(rememberedFacts(ast).includes('tx.initiator') ? PROOF_FIELDS : []),
  ]);
  return {
    names: [...new Set(names)].filter((name) => !logged.includes(name)),
    wholeIn: new Set(rules.filter((rule) => readsWhole(rule, object)).map(({ id }) => id)),
  };
}

function withNames(reads: Reads, names: readonly string[]): Reads {
  return { ...reads, names: [...new Set([...reads.names, ...names])] };
}

/** The name in `x.name` or `x["name"]`. */
function memberOf(node: ASTNode): readonly string[] {
  if (node.op !== '.' && node.op !== '[]') return [];
  const [, member] = node.args;
  if (typeof member === 'string') return [member];
  return member.op === 'value' && typeof member.args === 'string' ? [member.args] : [];
}

/** Whether an object such as `config.extraInfo` occurs other than in `config.extraInfo.field` and in `has`. */
function readsWhole({ ast }: Reader, object: string): boolean {
  const nodes = [...nodesIn(ast)];
  const isObject = (node: ASTNode | undefined): node is ASTNode =>
    (node?.op === '.' || node?.op === '[]') && serialize(node).replace(/\["(\w+)"\]$/, '.$1') === object;
  const harmless = nodes.flatMap((node) => {
    if (node.op === '.' || node.op === '[]') return [node.args[0]];
    return node.op === 'call' && node.args[0] === 'has' ? node.args[1] : [];
  });
  return nodes.some((node) => isObject(node) && !harmless.includes(node));
}

/** Traps facts that were not logged, and reports whether the rules that were evaluated depend on one. */
export class OmittedFacts {
  readonly #omitted: readonly string[];
  readonly #undocumented: UndocumentedReads;
  #read = false;
  #expectedRead = false;

  constructor(omitted: readonly string[], undocumented: UndocumentedReads) {
    this.#omitted = omitted;
    this.#undocumented = undocumented;
  }

  /** Whether what is signed was too large for the log, or nothing was logged: no decision can then be repeated. */
  get isUnknown(): boolean {
    return this.#omitted.some(
      (path) =>
        path === '*' ||
        path === 'rawTx' ||
        SIGNED_PARAMETERS.some((name) => path === `extraParameters.${name}`),
    );
  }

  /** Replaces each fact that was not logged with a property that throws when it is read. */
  trap(facts: Record<string, unknown>): void {
    for (const path of this.#omitted) {
      const reads = this.#undocumented.get(path);
      const [, owner = '', name = ''] = /^(extraInfo|extraParameters)\.(.*)$/s.exec(path) ?? [];
      if (reads !== undefined) reads.names.forEach((each) => this.#trapIn(facts[owner], each));
      else if (owner === '') this.#trapIn(facts, path);
      else this.#trapIn(facts[owner], name);
    }
  }

  /** In old logs, `extraParameters` was omitted as a whole, and with it what was read from it. */
  trapSigned(signed: Signed | undefined): Signed | undefined {
    if (signed === undefined || !this.#omitted.includes('extraParameters')) return signed;
    const copy: Signed = { ...signed };
    for (const part of ['call', 'typedData', 'bitcoin']) this.#trapIn(copy, part);
    return copy;
  }

  /** What was announced is not in the log. */
  trapMemory(memory: Memory): Memory {
    const copy: Memory = { ...memory };
    this.#trapIn(copy, 'expected', () => (this.#expectedRead = true));
    return copy;
  }

  #trapIn(owner: unknown, name: string, onRead?: () => void): void {
    if (typeof owner !== 'object' || owner === null) return;
    Object.defineProperty(owner, name, {
      enumerable: true,
      configurable: true,
      get: () => {
        this.#read = true;
        onRead?.();
        throw new Error('not logged');
      },
    });
  }

  /** What the log does not have of what rules read. */
  get names(): readonly string[] {
    return this.#expectedRead ? [...this.#omitted, 'tx.expected'] : this.#omitted;
  }

  /** @param tried ids of the rules that were evaluated */
  affect(tried: readonly string[]): boolean {
    if (this.#read || this.isUnknown) return true;
    return this.#omitted.some((path) => {
      const wholeIn = this.#undocumented.get(path)?.wholeIn;
      return wholeIn !== undefined && tried.some((rule) => wholeIn.has(rule));
    });
  }
}
