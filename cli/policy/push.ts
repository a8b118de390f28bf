// Puts a policy in force in AWS: checks it, then stores it in the SSM parameter that the service reads.
import { parsePolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { count, painter, shortHash } from '../terminal.js';
import { type OperatorOptions, printJson } from '../operator-command.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { openSession } from '../aws/session.js';

/** `before` in the JSON output if the stored policy is invalid. */
const INVALID = 'an unsound one';

/**
 * Stores the policy unless the parameter already holds it, and prints the result.
 * @param text the policy, as YAML
 * @param file where it was read from, for error messages
 * @throws {PolicyError} if the policy has problems, in which case nothing is stored
 * @throws {DeployError} if AWS can't be used
 */
export async function pushPolicy(text: string, file: string, options: OperatorOptions): Promise<void> {
  const policy = parsePolicy(text, file);
  const session = await openSession(options);
  const { names, environment } = session;
  const parameter = names.parameters.policy;
  const stored = await readParameter(session, parameter);
  const changed = stored !== text;
  if (changed) {
    await putParameter(session, parameter, { value: text, replace: stored !== undefined });
  }
  const before = stored === undefined ? undefined : hashOf(stored);
  if (options.json) {
    printJson({ environment, parameter, changed, before, after: policy.hash, rules: policy.rules.length });
    return;
  }
  const paint = painter(process.stdout);
  const summary = `${shortHash(policy.hash)}, ${count(policy.rules.length, 'rule')}, in ${parameter}`;
  process.stdout.write(
    changed
      ? `${paint('green', 'In force')} within a minute: ${summary}\nBefore: ${before === INVALID ? 'an invalid policy' : before === undefined ? 'none' : shortHash(before)}\n`
      : `No change: ${summary}\n`,
  );
}

/** The stored policy may be invalid; this push may fix it. */
function hashOf(stored: string): string {
  try {
    return parsePolicy(stored, 'the stored policy').hash;
  } catch (error) {
    if (error instanceof PolicyError) return INVALID;
    throw error;
  }
}
