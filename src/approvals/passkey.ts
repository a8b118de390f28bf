// A passkey as a policy names it: `passkey:<rpId>:<credential id>:<public key>`, the last two in base64url.
import { fromBase64url } from './base64url.js';
import { coseProblem } from './cose.js';

export interface Passkey {
  /** The name of the console's host, which the browser binds the passkey to. */
  readonly rpId: string;
  /** In base64url. */
  readonly credentialId: string;
  /** A COSE key, in base64url. */
  readonly publicKey: string;
}

const PREFIX = 'passkey';
/** Maximum size of a credential id in WebAuthn, in bytes. */
const MAX_ID_BYTES = 1023;
/** A host name in lower case, such as `localhost` or `callback.internal`. */
const HOST = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const COPY = 'copy the whole text that the console’s page /enrol shows';

export function passkeyToText({ rpId, credentialId, publicKey }: Passkey): string {
  return [PREFIX, rpId, credentialId, publicKey].join(':');
}

/** WebAuthn allows no IP address, of which URLs know other spellings than four numbers. */
function isHost(text: string): boolean {
  const isNumber = /(?:^|\.)[0-9]+$/.test(text);
  const url = `https://${text}`;
  return HOST.test(text) && !isNumber && URL.canParse(url) && new URL(url).hostname === text;
}

/** @returns what is wrong, as a clause such as "its id is cut off", if it is no passkey that can be used */
export function parsePasskey(text: string): Passkey | { readonly problem: string } {
  const [prefix, rpId = '', credentialId = '', publicKey = '', ...rest] = text.split(':');
  if (prefix !== PREFIX || publicKey === '' || rest.length > 0) {
    return { problem: `it is no passkey, which reads ${PREFIX}:HOST:ID:KEY: ${COPY}` };
  }
  if (!isHost(rpId)) {
    const name = JSON.stringify(rpId.slice(0, 100));
    return { problem: `it names ${name}, which is not a host name in lower case: ${COPY}` };
  }
  const id = fromBase64url(credentialId);
  if (id === undefined || id.length > MAX_ID_BYTES)
    return { problem: `its id is cut off or altered: ${COPY}` };
  const key = fromBase64url(publicKey);
  const problem = key === undefined ? 'its public key is cut off or altered' : coseProblem(key);
  return problem === undefined ? { rpId, credentialId, publicKey } : { problem: `${problem}: ${COPY}` };
}
