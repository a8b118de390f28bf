// Finds the serial for new signatures: one more than that of any policy that was signed before.
import { openSession } from '../../aws/session.js';
import { readEncryptedParameter } from '../../aws/parameters.js';
import { UsageError } from '../../command.js';
import type { OperatorOptions } from '../../operator-command.js';
import { genuine, newestSignatures, nextSerial, signersIn } from '../change/signatures.js';
import { readStored } from '../change/stored.js';

/**
 * @throws {DeployError} if AWS can't be used
 * @throws {UsageError} if nothing in AWS knows it
 */
export async function nextSerialInAws(options: OperatorOptions): Promise<number> {
  const session = await openSession(options);
  if (session.settings.policySource === 'image') {
    throw new UsageError('--serial is missing: a policy in the image has no serial in AWS');
  }
  const stored = await readEncryptedParameter(session, session.names.parameters.policy);
  const inForce = stored && (await readStored(session, stored.value));
  const signers = signersIn(session);
  // Without signers in the settings, nothing can be verified yet: this is the first policy that is signed.
  if (signers === undefined) return nextSerial(inForce?.signed);
  return nextSerial(genuine(session, signers, inForce), await newestSignatures(session, signers));
}
