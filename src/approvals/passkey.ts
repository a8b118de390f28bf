// A passkey as a policy names it: `passkey:<rpId>:<credential id>:<public key>`, the last two in base64url.

export interface Passkey {
  /** The name of the console's host, which the browser binds the passkey to. */
  readonly rpId: string;
  /** In base64url. */
  readonly credentialId: string;
  /** A COSE key, in base64url. */
  readonly publicKey: string;
}

export function passkeyToText({ rpId, credentialId, publicKey }: Passkey): string {
  return `passkey:${rpId}:${credentialId}:${publicKey}`;
}

/** @returns what is wrong if it is no passkey that can be used */
export function parsePasskey(_text: string): Passkey | { readonly problem: string } {
  throw new Error('to be written by h/approvals');
}
