// What requests carry and nobody may see: `extraInfo.apiKey` of a configuration change, and what is named like it.

const SECRET = /api_?key|secret/i;
const HIDDEN = '…';

export function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** For `JSON.stringify`: hides the values of secrets. */
export function withoutSecrets(name: string, value: unknown): unknown {
  return isSecret(name) ? HIDDEN : value;
}

/** @param json of a request. @returns it without secrets; what can't be read is left out if it may have one */
export function jsonWithoutSecrets(json: string): string {
  // The name may be written with escapes.
  if (!SECRET.test(json) && !json.includes('\\u')) return json;
  try {
    return JSON.stringify(JSON.parse(json), withoutSecrets);
  } catch {
    return '';
  }
}
