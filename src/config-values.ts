// Formats of values in the configuration, which the settings of the infrastructure share.
import * as z from 'zod';

/** Maximum length of a name in SSM, in characters. */
const MAX_PARAMETER_NAME = 1011;

/** Messages never quote the value, which may be a key that was set by mistake. */
export const parameterName = z
  .string({ error: 'is not set: set it to the name of the SSM parameter' })
  .max(MAX_PARAMETER_NAME, 'is too long for an SSM parameter name')
  .regex(/^[\w./:-]+$/, 'is not an SSM parameter name: use letters, digits and _ . - /, or an ARN');

/** Name of an S3 bucket. */
export const bucketName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    'is not the name of an S3 bucket, without s3:// and without a path',
  );

/** Name of a DynamoDB table. Not an ARN: the table is in the service's account and region. */
export const tableName = z
  .string()
  .regex(/^[\w.-]{3,255}$/, 'is not the name of a DynamoDB table: use 3 to 255 letters, digits and _ . -');

const ARCHIVE_EXPECTED = 'must be a place in S3 such as s3://my-bucket or s3://my-bucket/records';

/** A place in S3. The prefix is empty, or ends with a slash. */
export const archivePlace = z
  .string()
  .regex(/^s3:\/\/[^/]+(\/[\w.-]+)*\/?$/, { error: ARCHIVE_EXPECTED, abort: true })
  .transform((url) => {
    const [bucket = '', ...folders] = url.slice('s3://'.length).split('/');
    const prefix = folders.filter((folder) => folder !== '').map((folder) => `${folder}/`);
    return { bucket, prefix: prefix.join('') };
  })
  .refine(({ bucket }) => bucketName.safeParse(bucket).success, ARCHIVE_EXPECTED);

const PATH_EXPECTED = 'must be a path such as /fireblocks/callback_handler, without spaces and percent signs';

/**
 * `/` and the empty string stand for the root; an empty variable counts as not set. The paths that the Co-signer appends
 * are served under the root too, so a base path that ends with one would collide with them.
 */
export const basePath = z
  .string({ error: PATH_EXPECTED })
  .max(200, 'is longer than 200 characters')
  .regex(/^(\/[\w.~!$&'+,;=:@-]+)*\/?$/, PATH_EXPECTED)
  .transform((path) => path.replace(/\/$/, ''))
  .refine(
    (path) => !/(^|\/)\.{1,2}(\/|$)/.test(path),
    'must not contain the segments "." and "..": HTTP clients resolve them',
  )
  .refine(
    (path) => !/\/(tx|config_change)_sign_request$/.test(path),
    'must be the path of the base URL only: the Co-signer appends /v2/tx_sign_request and the like itself',
  );

/** Digits only. @param min included @param max included */
export function wholeNumber(min: number, max: number) {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, error);
}
