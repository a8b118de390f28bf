// Keys in SSM Parameter Store.
import type { Source } from '../sources/source.js';
import type { ParameterReader } from '../sources/ssm.js';
import type { StoredKeys } from './ring.js';

export interface KeyParameters {
  /** Name or ARN of the parameter with the handler's private key. */
  readonly callbackPrivateKeyParameter: string;
  /** Name or ARN of the parameter with the Co-signers' public keys. */
  readonly cosignerPublicKeyParameter: string;
}

/** Reads both parameters in one call. */
export function parameterKeySource(
  read: ParameterReader,
  { callbackPrivateKeyParameter, cosignerPublicKeyParameter }: KeyParameters,
): Source<StoredKeys> {
  return async () => {
    const [callbackPrivateKey, cosignerPublicKeys] = await read([
      callbackPrivateKeyParameter,
      cosignerPublicKeyParameter,
    ]);
    return { callbackPrivateKey, cosignerPublicKeys };
  };
}
