// `npm run policy`: check a policy, explain what it decides, test it, and replay decisions through it.
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { readText, reasonOf, runCommand, UsageError } from '../command.js';
import { POLICY_FILE } from '../../src/config.js';
import { explain } from '../../src/policy/evaluate/explain.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { readCases, runCases } from './cases.js';
import { readPolicy, readRequest } from './files.js';
import { printer } from './print.js';
import { replay } from './replay.js';

const USAGE = `Works on a policy file, before it is put in force.

Usage: npm run policy -- COMMAND [options]

  check                       is it sound? Every problem in it, or what it holds
  explain PAYLOAD.json        each rule with the part of it that settled it, then the decision
  test CASES.yaml             does it decide as expected? Also tells the rules that no case ever matched
  replay DECISIONS.ndjson     decision lines of a log, decided again: what would change?
  push                        checks it, and puts it in force in AWS: in the SSM parameter of an environment

  --policy FILE               the policy; default: ${POLICY_FILE}
  --now TIME                  explain: the time to decide at, such as 2026-03-02T10:00:00Z; default: now
  -e, --env NAME              push: dev, staging or prod; default: dev
  -p, --profile NAME          push: AWS profile
  -r, --region NAME           push: must be the region of infra/settings.json
  --json                      print one JSON object
  --help                      print this

A file named - is standard input.

Exit code: 0 good, 1 not good (a problem, a rule that fails, a failed case, a decision that would change), 2 wrong usage.
`;

interface Options {
  readonly policy: string;
  /** Where a policy is pushed to. */
  readonly target: { readonly env: string; readonly profile?: string; readonly region?: string };
  readonly json: boolean;
  readonly now: Date;
}

type Command = (options: Options, file: string) => Promise<boolean> | boolean;

/** Each returns whether all is good. */
const COMMANDS: Readonly<Record<string, { readonly takes?: string; readonly run: Command }>> = {
  check: {
    run({ policy, json }) {
      printer(process.stdout, json).policy(policy, readPolicy(policy));
      return true;
    },
  },
  explain: {
    takes: 'a payload',
    run({ policy: policyFile, json, now }, file) {
      const policy = readPolicy(policyFile);
      const request = readRequest(file);
      const explanation = explain(policy, request, now);
      printer(process.stdout, json).explanation(policyFile, policy, request, explanation);
      return explanation.decision.ruleError === undefined;
    },
  },
  test: {
    takes: 'a file of cases',
    run({ policy: policyFile, json }, file) {
      const policy = readPolicy(policyFile);
      const run = runCases(policy, readCases(file));
      printer(process.stdout, json).testRun(policy, run);
      return run.results.every(({ passed }) => passed);
    },
  },
  replay: {
    takes: 'a log',
    async run({ policy: policyFile, json }, file) {
      const policy = readPolicy(policyFile);
      const outcome = await replay(policy, file, progress());
      printer(process.stdout, json).replay(file, policyFile, policy, outcome);
      return outcome.changes.length === 0;
    },
  },
  push: {
    async run({ policy: policyFile, json, target }) {
      // The other commands need no AWS.
      const { pushPolicy } = await import('./push.js');
      return pushPolicy(readText(policyFile), policyFile, { ...target, json });
    },
  },
};

async function main(): Promise<number> {
  const { values, positionals } = parse();
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const [name = '', file = '', ...more] = positionals;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const known = Object.keys(COMMANDS).join(', ');
    throw new UsageError(name === '' ? `say what to do: ${known}` : `"${name}" is none of ${known}`);
  }
  if (command.takes === undefined ? file !== '' : file === '' || more.length > 0) {
    throw new UsageError(`${name} takes ${command.takes ?? 'no file; name the policy with --policy FILE'}`);
  }
  const { policy, json, now: time = new Date().toISOString(), env, profile, region } = values;
  if (name !== 'push' && (env !== undefined || profile !== undefined || region !== undefined)) {
    throw new UsageError(`${name} works on files: --env, --profile and --region are for push`);
  }
  if (!z.iso.datetime({ offset: true }).safeParse(time).success) {
    throw new UsageError('--now takes a time such as 2026-03-02T10:00:00Z');
  }
  const now = new Date(time);
  const target = {
    env: env ?? 'dev',
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { region }),
  };
  if (policy === '-' && file === '-') throw new UsageError('only one file can be standard input');
  try {
    return (await command.run({ policy, json, now, target }, file)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    printer(process.stdout, json).problems(error);
    return 1;
  }
}

function parse() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        policy: { type: 'string', default: POLICY_FILE },
        now: { type: 'string' },
        env: { type: 'string', short: 'e' },
        profile: { type: 'string', short: 'p' },
        region: { type: 'string', short: 'r' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(reasonOf(error));
  }
}

/** Shows a person at a terminal how far a long log has been read. */
function progress(): (lines: number) => void {
  const step = 5000;
  return (lines) => {
    if (process.stderr.isTTY && lines % step === 0) process.stderr.write(`\r${lines} lines read\r`);
  };
}

await runCommand('policy', main);
