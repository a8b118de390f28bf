// Builds small policies for the tests of advice, and finds the place that a test marks with ¦.
import type { Test } from 'tap';
import { adviseOn, type Advice } from '../../../../cli/policy/advice/advice.js';
import { parsePolicy } from '../../../../src/policy/parse/file.js';

const LISTS: Readonly<Record<string, string>> = {
  payees: '[{ address: rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY, tag: "12345", name: Exchange }]',
  vaults: '["0", "12"]',
  users: '["b1c3a9d4-2f0a-4c0e-9a7b-1f7d2f9a4e55"]',
  tokens: '["0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"]',
  spenders: '["0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45"]',
  blocked: '["0x000000000000000000000000000000000000dEaD"]',
};

const TABLES: Readonly<Record<string, string>> = {
  limits: '{ ETH: "5", USDC: "10000", XRP: "1000" }',
  maxFee: '{ ETH: "0.05", USDC: "0.05", XRP: "0.01" }',
};

/** A policy with these rules, and the lists and tables that they read. */
export function policyOf(...rules: readonly string[]): string {
  const text = rules.join('\n');
  const used = (section: string, all: Readonly<Record<string, string>>): string =>
    Object.entries(all)
      .filter(([name]) => text.includes(`${section}.${name}`))
      .map(([name, value]) => `  ${name}: ${value}\n`)
      .join('');
  return `version: 1\nlists:\n${used('lists', LISTS)}tables:\n${used('tables', TABLES)}rules:\n${text}\n`;
}

let count = 0;

export function rule(action: string, when: string, kind = 'transaction'): string {
  count++;
  return `  - id: r${count}\n    for: ${kind}\n    when: >\n      ${when}\n    action: ${action}`;
}

export const approve = (when: string): string => policyOf(rule('approve', when));
export const reject = (when: string): string => policyOf(rule('reject', when));

/** @returns what is warned of, as at the place marked with ¦ */
export function advise(marked: string): {
  readonly advice: readonly Advice[];
  readonly place: { readonly line: number; readonly column: number };
} {
  const at = marked.indexOf('¦');
  const text = marked.replace('¦', '');
  const before = text.slice(0, Math.max(at, 0)).split('\n');
  return {
    advice: adviseOn(parsePolicy(text, 'policy.yaml'), text, 'policy.yaml'),
    place: { line: before.length, column: (before.at(-1) ?? '').length + 1 },
  };
}

/** A bad habit, and the policy without it. */
export interface Habit {
  readonly code: string;
  /** A policy in which ¦ marks the place. */
  readonly bad: string;
  readonly advice: RegExp;
  /** The same, corrected: without any warning. */
  readonly good: string;
}

/** Tests that each habit is found at its place, with advice, and that the corrected policy has no warning. */
export function testHabits(t: Test, habits: Readonly<Record<string, Habit>>): void {
  for (const [name, { code, bad, advice, good }] of Object.entries(habits)) {
    void t.test(`warns of a habit: ${name}`, (t) => {
      const found = advise(bad);
      t.match(
        found.advice.filter((each) => each.code === code),
        [{ ...found.place, file: 'policy.yaml', message: /./, advice, excerpt: /./ }],
      );
      t.strictSame(advise(good).advice, []);
      t.end();
    });
  }
}
