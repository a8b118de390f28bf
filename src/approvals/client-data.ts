// What a browser says about the page that used a passkey. The passkey signs it, but nothing of it is trusted before.
import * as z from 'zod';

export interface ExpectedClientData {
  readonly type: 'webauthn.create' | 'webauthn.get';
  /** In base64url. */
  readonly challenge: string;
  /** Of the console, such as `https://callback.internal:8443`. */
  readonly origin: string;
}

const schema = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.unknown().optional(),
});

/**
 * Checks it as WebAuthn demands (level 3, sections 7.1 and 7.2). Never throws.
 * @param clientDataJSON in base64url
 * @returns what is wrong, if anything: at most 200 characters of it are not ours
 */
export function clientDataProblem(
  clientDataJSON: string,
  { type, challenge, origin }: ExpectedClientData,
): string | undefined {
  const data = parse(clientDataJSON);
  if (data === undefined) return 'its client data is malformed';
  if (data.type !== type) return `it is not of the type ${type}`;
  if (data.origin !== origin) {
    return `it was made on a page of ${JSON.stringify(data.origin.slice(0, 100))} instead of ${origin}`;
  }
  // The library accepts a frame in a page of another origin if the browser does not name that origin.
  if (data.crossOrigin === true || data.topOrigin !== undefined) {
    return 'it was made in a frame on a page of another origin';
  }
  return data.challenge === challenge ? undefined : 'its challenge is another one: something else was signed';
}

function parse(clientDataJSON: string): z.output<typeof schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(clientDataJSON, 'base64url').toString())).data;
  } catch {
    return undefined;
  }
}
