// Puts a policy in force: it is checked, then put into the parameter that the service reads.
import { parsePolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import { painter } from '../terminal.js';
import { printJson, tellError } from '../operator-command.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { type CommonValues, openSession } from '../aws/session.js';

interface PushOptions extends CommonValues {
  readonly json: boolean;
}

/**
 * Prints what it did, or why not.
 * @param text of the policy
 * @param file where it is from
 * @returns whether it is in the parameter
 * @throws {PolicyError} if it is unsound: nothing is put
 */
export async function pushPolicy(text: string, file: string, options: PushOptions): Promise<boolean> {
  const policy = parsePolicy(text, file);
  try {
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
      return true;
    }
    const paint = painter(process.stdout);
    const rules = `${policy.rules.length} ${policy.rules.length === 1 ? 'rule' : 'rules'}`;
    process.stdout.write(
      changed
        ? `${paint('green', 'In force')} within a minute: ${policy.hash}, ${rules}, in ${parameter}\nBefore: ${before ?? 'none'}\n`
        : `Nothing to change: ${policy.hash}, ${rules}, is in ${parameter}\n`,
    );
    return true;
  } catch (error) {
    tellError(error, { json: options.json, profile: options.profile });
    return false;
  }
}

/** The one before may be what is to be mended. */
function hashOf(stored: string): string {
  try {
    return parsePolicy(stored, 'the policy in force').hash;
  } catch (error) {
    if (error instanceof PolicyError) return 'an unsound one';
    throw error;
  }
}
