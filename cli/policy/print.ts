// Prints the results of the policy commands, as text for people or one JSON object for scripts.
import type { PolicyError } from '../../src/policy/parse/problem.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import { count, type Output, type Paint, painter, shortHash } from '../terminal.js';
import type { Advice } from './advice/advice.js';
import { adviceCount, adviceLines } from './advice/text.js';
import type { TestRun } from './cases.js';
import type { Explained } from './explained.js';
import type { Mutation } from './mutate/mutate.js';
import { mutationLines } from './mutate/text.js';
import type { Replay } from './replay.js';
import { reportJson } from './report/json.js';
import type { Report } from './report/report.js';
import { reportLines } from './report/text.js';
import { testRunLines } from './test-text.js';
import { explainedLines, replayLines } from './text.js';

export interface Printer {
  problems(error: PolicyError): void;
  check(file: string, policy: Policy, advice: readonly Advice[]): void;
  explanation(file: string, policy: Policy, explained: Explained): void;
  testRun(policy: Policy, run: TestRun): void;
  mutation(file: string, policy: Policy, mutation: Mutation): void;
  report(report: Report): void;
  replay(log: string, file: string, policy: Policy, outcome: Replay): void;
}

export function createPrinter(stream: Output, json: boolean): Printer {
  return json ? createJsonPrinter(stream) : createTextPrinter(stream);
}

function createJsonPrinter(stream: Output): Printer {
  const write = (value: object): void => void stream.write(`${JSON.stringify(value)}\n`);
  return {
    problems: ({ problems }) => write({ problems }),
    check: (file, policy, warnings) =>
      write({ file, ...summarize(policy), notLoaded: notLoaded(policy), warnings }),
    explanation: (file, { hash }, { request: { kind, requestId }, explanation, logged }) => {
      write({ file, policy: hash, kind, requestId, ...explanation, logged });
    },
    testRun: ({ hash }, { results, unmatched, coverage }) =>
      write({
        policy: hash,
        cases: results.map(({ name, passed, expected, got: { action, rule, ruleError } }) => ({
          ...{ name, passed, expected },
          got: { action, rule, ruleError },
        })),
        unmatched,
        coverage,
      }),
    mutation: (file, { hash }, { cases, changes, survivors }) => {
      const noticed = changes - survivors.length;
      write({ file, policy: hash, cases, changes, noticed, survivors });
    },
    report: (report) => write(reportJson(report)),
    replay: (log, file, { hash }, outcome) => write({ log, file, policy: hash, ...outcome }),
  };
}

function createTextPrinter(stream: Output): Printer {
  const paint = painter(stream);
  const write = (...lines: readonly string[]): void => void stream.write(`${lines.join('\n')}\n`);
  return {
    problems: ({ message }) => write(message),
    check(file, policy, advice) {
      const { policy: hash, rules, lists, entries } = summarize(policy);
      const content = `${count(rules, 'rule')}, ${count(lists, 'list')} with ${count(entries, 'entry', 'entries')}`;
      const warned = advice.length === 0 ? '' : `; ${paint('yellow', adviceCount(advice))}`;
      write(
        ...notLoadedLines(paint, policy),
        ...adviceLines(paint, advice),
        `${paint('green', 'ok')}  ${file} ${shortHash(hash)}: ${content}${warned}`,
      );
    },
    explanation: (file, policy, explained) =>
      write(...notLoadedLines(paint, policy), ...explainedLines(paint, file, policy, explained)),
    testRun: (policy, run) => write(...notLoadedLines(paint, policy), ...testRunLines(paint, policy, run)),
    mutation: (file, policy, mutation) =>
      write(...notLoadedLines(paint, policy), ...mutationLines(paint, file, policy, mutation)),
    report: (report) =>
      write(...reportLines({ paint, width: stream.isTTY === true ? widthOf(stream) : undefined }, report)),
    replay: (log, file, policy, outcome) =>
      write(...notLoadedLines(paint, policy), ...replayLines(log, file, policy, outcome)),
  };
}

/** Some terminals do not say how wide they are, or say 0. */
function widthOf({ columns = 0 }: { readonly columns?: number }): number {
  return columns > 0 ? columns : 80;
}

function summarize({ hash, rules, lists, loadedLists }: Policy) {
  const sizes = [
    ...[...lists.values()].map(({ length }) => length),
    ...[...loadedLists.values()].map(({ entries }) => entries),
  ];
  const entries = sizes.reduce((sum, size) => sum + size, 0);
  return { policy: hash, rules: rules.length, lists: sizes.length, entries };
}

/** The lists that were not read, and count as empty. */
function notLoaded({ loadedLists }: Policy): readonly { readonly list: string; readonly from: string }[] {
  return [...loadedLists].flatMap(([list, { from, sha256 }]) =>
    sha256 === undefined ? [{ list, from }] : [],
  );
}

function notLoadedLines(paint: Paint, policy: Policy): readonly string[] {
  return notLoaded(policy).map(
    ({ list, from }) =>
      `${paint('yellow', 'not read')}  list ${list} from ${from}: it counts as empty; --fetch reads it`,
  );
}
