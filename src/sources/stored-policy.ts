// How a policy is stored: as its text, or as a manifest that says where the text is and who signed it.
import * as z from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be the 64 hex digits of a SHA-256');

/** Who has agreed to a policy. The same object is stored beside a policy file, as `policy.yaml.sig`. */
const signaturesSchema = z.strictObject({
  /** What the policy is for: the parameter or file that it is read from, so that it can't be moved to another place. */
  for: z.string().min(1),
  /** Increases with each signed policy, so that an older one can't be put back. */
  serial: z.int().min(1),
  /** Of the policy's text. */
  sha256,
  signatures: z.array(
    z.strictObject({
      /** Name of the signer's key. */
      signer: z.string().regex(/^[\w.@-]{1,32}$/, 'must be the name of a signer'),
      /** Ed25519, in base64. */
      signature: z.string().min(1),
    }),
  ),
});

/** Stored in the parameter instead of a policy that is too large for it, or that is signed. */
const manifestSchema = z.strictObject({
  /** The policy's text: `s3://bucket/key`. */
  object: z.string().regex(/^s3:\/\/[^/]+\/.+$/, 'must be an object in S3, such as s3://bucket/policy.yaml'),
  /** Version id of the object. */
  version: z.string().min(1),
  sha256,
  signed: signaturesSchema.optional(),
});

/** Where the policy bucket has the signatures of the newest policy, which a restarted service compares others with. */
export const NEWEST_SIGNATURES = 'signed/newest.json';

export type PolicySignatures = z.output<typeof signaturesSchema>;
export type PolicyManifest = z.output<typeof manifestSchema>;

/** A policy as stored, before any check. */
export interface StoredPolicy {
  /** The parameter or file that it is read from. */
  readonly name: string;
  /** The policy's text; `undefined` if nothing is stored. */
  readonly value: string | undefined;
  readonly signed?: PolicySignatures | undefined;
}

/** @returns the manifest, what is wrong with it, or `undefined` if the value is a policy's text */
export function readManifest(value: string): PolicyManifest | { readonly problem: string } | undefined {
  return readJsonAs(manifestSchema, value, /^\s*\{\s*"object"/);
}

/** @returns the signatures, or what is wrong with them */
export function readSignatures(value: string): PolicySignatures | { readonly problem: string } {
  return readJsonAs(signaturesSchema, value, /^/) ?? { problem: 'it is empty' };
}

function readJsonAs<Schema extends z.ZodType>(
  schema: Schema,
  value: string,
  form: RegExp,
): z.output<Schema> | { readonly problem: string } | undefined {
  if (!form.test(value)) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(value);
  } catch {
    return { problem: 'it is not JSON' };
  }
  const { data, error } = schema.safeParse(json);
  if (data !== undefined) return data;
  return {
    problem: error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ') ?? '',
  };
}
