// Prints the results of the policy commands, as text for people or one JSON object for scripts.
import type { Explanation } from '../../src/policy/evaluate/explain.js';
import type { PolicyError } from '../../src/policy/parse/problem.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { count, type Output, type Paint, painter, shortHash } from '../terminal.js';
import type { TestRun } from './cases.js';
import type { Replay } from './replay.js';
import { explanationLines, replayLines, testRunLines } from './text.js';

export interface Printer {
  problems(error: PolicyError): void;
  policy(file: string, policy: Policy): void;
  explanation(file: string, policy: Policy, request: CallbackRequest, explanation: Explanation): void;
  testRun(policy: Policy, run: TestRun): void;
  replay(log: string, file: string, policy: Policy, outcome: Replay): void;
}

export function createPrinter(stream: Output, json: boolean): Printer {
  return json ? createJsonPrinter(stream) : createTextPrinter(stream);
}

function createJsonPrinter(stream: Output): Printer {
  const write = (value: object): void => void stream.write(`${JSON.stringify(value)}\n`);
  return {
    problems: ({ problems }) => write({ problems }),
    policy: (file, policy) =>
      write({ file, ...summarize(policy), notLoaded: notLoaded(policy), warnings: policy.warnings }),
    explanation: (file, { hash }, { kind, requestId }, { decision, integrity, warnings, rules }) =>
      write({ file, policy: hash, kind, requestId, decision, integrity, warnings, rules }),
    testRun: ({ hash }, { results, unmatched }) =>
      write({
        policy: hash,
        cases: results.map(({ name, passed, expected, got: { action, rule, ruleError } }) => ({
          ...{ name, passed, expected },
          got: { action, rule, ruleError },
        })),
        unmatched,
      }),
    replay: (log, file, { hash }, outcome) => write({ log, file, policy: hash, ...outcome }),
  };
}

function createTextPrinter(stream: Output): Printer {
  const paint = painter(stream);
  const write = (...lines: readonly string[]): void => void stream.write(`${lines.join('\n')}\n`);
  return {
    problems: ({ message }) => write(message),
    policy(file, policy) {
      const { policy: hash, rules, lists, entries } = summarize(policy);
      const content = `${count(rules, 'rule')}, ${count(lists, 'list')} with ${count(entries, 'entry', 'entries')}`;
      for (const { line, column, message } of policy.warnings) {
        write(`${paint('yellow', 'warning')}  ${file}:${line}:${column}  ${message}`);
      }
      write(
        ...notLoadedLines(paint, policy),
        `${paint('green', 'ok')}  ${file} ${shortHash(hash)}: ${content}`,
      );
    },
    explanation: (file, policy, { kind, requestId }, explanation) =>
      write(
        `${kind} ${requestId}, policy ${file} ${shortHash(policy.hash)}`,
        '',
        ...notLoadedLines(paint, policy),
        ...explanationLines(paint, policy, explanation),
      ),
    testRun: (policy, run) => write(...notLoadedLines(paint, policy), ...testRunLines(paint, policy, run)),
    replay: (log, file, policy, outcome) =>
      write(...notLoadedLines(paint, policy), ...replayLines(log, file, policy, outcome)),
  };
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
