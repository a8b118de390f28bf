// Shows what the commands found: to a person as text, to a script as one JSON object.
import type { Explanation, RuleExplanation } from '../../src/policy/evaluate/explain.js';
import type { PolicyError } from '../../src/policy/parse/problem.js';
import type { Policy } from '../../src/policy/evaluate/rules.js';
import type { CallbackRequest } from '../../src/protocol/request.js';
import { columns, paintAction, painter } from '../terminal.js';
import type { CaseResult, TestRun } from './cases.js';
import type { Replay } from './replay.js';

export interface Printer {
  problems(error: PolicyError): void;
  policy(file: string, policy: Policy): void;
  explanation(file: string, policy: Policy, request: CallbackRequest, explanation: Explanation): void;
  testRun(policy: Policy, run: TestRun): void;
  replay(log: string, file: string, policy: Policy, outcome: Replay): void;
}

export function printer(stream: NodeJS.WriteStream, json: boolean): Printer {
  const write = (line: string): void => void stream.write(`${line}\n`);
  return json ? jsonPrinter((value) => write(JSON.stringify(value))) : textPrinter(stream, write);
}

function jsonPrinter(write: (value: object) => void): Printer {
  return {
    problems: ({ problems }) => write({ problems }),
    policy: (file, policy) => write({ file, ...summaryOf(policy) }),
    explanation: (file, { hash }, { kind, requestId }, { decision, rules }) =>
      write({ file, policy: hash, kind, requestId, decision, rules }),
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

function summaryOf({ hash, rules, lists }: Policy) {
  const entries = [...lists.values()].reduce((sum, list) => sum + list.length, 0);
  return { policy: hash, rules: rules.length, lists: lists.size, entries };
}

const MARKS = { matched: 'MATCH', no: 'no', error: 'ERROR', 'not asked': '-' } as const;

function textPrinter(stream: NodeJS.WriteStream, write: (line: string) => void): Printer {
  const paint = painter(stream);

  const explainRule = ({ id, outcome, part, values = {}, error }: RuleExplanation, action: string): void => {
    const mark = MARKS[outcome].padEnd(5);
    const style = outcome === 'matched' ? 'green' : outcome === 'error' ? 'red' : 'dim';
    const wants = outcome === 'matched' ? `  ${action}` : '';
    write(`${paint(style, mark)}  ${paint('bold', id)}${wants}`);
    if (part !== undefined)
      write(`         ${part}${outcome === 'error' ? '' : ` is ${outcome === 'matched'}`}`);
    for (const [name, value] of Object.entries(values)) write(paint('dim', `           ${name} = ${value}`));
    if (error !== undefined) write(`         ${paint('red', error)}`);
  };

  const explainDecision = ({ decision, rules }: Explanation, policy: Policy): void => {
    for (const rule of rules) {
      explainRule(rule, policy.rules.find(({ id }) => id === rule.id)?.action ?? '');
    }
    const because =
      decision.ruleError === undefined ? '' : `, which could not be evaluated: ${decision.ruleError}`;
    write(`${paintAction(paint, decision.action)} by ${decision.rule}${because}`);
  };

  const caseFailure = ({ expected, got, explanation }: CaseResult): void => {
    const rows = [
      [paint('green', '- expected'), expected.action, expected.rule ?? 'any rule'],
      [
        paint('red', '+ got     '),
        got.action,
        `${got.rule}${got.ruleError === undefined ? '' : `: ${got.ruleError}`}`,
      ],
    ];
    columns(rows).forEach((row) => write(`          ${row}`));
    // Why the expected rule did not match; if it was not even asked, why another one did.
    const asked = explanation.rules.filter(({ part }) => part !== undefined);
    const telling =
      asked.find(({ id }) => id === expected.rule && id !== got.rule) ??
      asked.find(({ id }) => id === got.rule);
    if (telling === undefined || telling.outcome === 'error') return;
    const values = Object.entries(telling.values ?? {}).map(([name, value]) => `${name} = ${value}`);
    const part = `${telling.part} is ${telling.outcome === 'matched'}`;
    write(paint('dim', `          ${telling.id}: ${[part, ...values].join('; ')}`));
  };

  return {
    problems: ({ message }) => write(message),

    policy(file, policy) {
      const { policy: hash, rules, lists, entries } = summaryOf(policy);
      write(
        `${paint('green', 'ok')}  ${file} ${hash}: ${count(rules, 'rule')}, ${count(lists, 'list')} with ${count(entries, 'entry', 'entries')}`,
      );
    },

    explanation(file, policy, { kind, requestId }, explanation) {
      write(`${kind} ${requestId}, by ${file} ${policy.hash}\n`);
      explainDecision(explanation, policy);
    },

    testRun(policy, { results, unmatched }) {
      const cells = results.map(({ name, got }) => [name, got.action, got.rule]);
      const rows = columns(cells);
      for (const [index, result] of results.entries()) {
        const mark = result.passed ? paint('green', 'ok    ') : paint('red', 'FAILED');
        write(`${mark}  ${rows[index]}`);
        if (!result.passed) caseFailure(result);
      }
      if (unmatched.length > 0) write(`\n${paint('yellow', 'No case matched')}  ${unmatched.join(', ')}`);
      const failed = results.filter(({ passed }) => !passed).length;
      write(
        `\n${count(results.length, 'case')} of ${policy.hash}: ${results.length - failed} passed, ${failed} failed; ${unmatched.length} of ${count(policy.rules.length, 'rule')} never matched`,
      );
    },

    replay(log, file, policy, { replayed, changes, notReplayable, skipped }) {
      write(
        `${count(replayed, 'decision')} of ${log} made again by ${file} ${policy.hash}: ${changes.length} would change`,
      );
      if (notReplayable.length > 0) {
        write(
          `${count(notReplayable.length, 'decision')} can't be made again, for they read what is not logged: ${notReplayable.join(', ')}`,
        );
      }
      if (skipped > 0)
        write(`${count(skipped, 'decision')} passed over: made by no rule, or logged without facts`);
      if (changes.length === 0) return;

      const kinds = new Map<string, number>();
      for (const { from, to } of changes) {
        const kind = `${from.action} -> ${to.action}`;
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      write('');
      columns([...kinds].map(([kind, times]) => [String(times), kind])).forEach(write);
      write('');
      columns([
        ['time', 'requestId', 'was', 'by', 'would be', 'by'],
        ...changes.map(({ time, requestId, from, to }) => [
          ...[time, requestId, from.action, from.rule, to.action],
          `${to.rule}${to.ruleError === undefined ? '' : `: ${to.ruleError}`}`,
        ]),
      ]).forEach(write);
    },
  };
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
