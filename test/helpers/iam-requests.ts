// What IAM checks when an operator's command calls AWS.
import { FUNCTION_ALIAS } from '../../infra/names.js';
import type { Call } from './iam.js';
import { arn, type AwsRequest, type Input, useKey } from './iam-rule.js';
import { RULES } from './iam-rules.js';

/** @throws {Error} if nothing is known about the call */
export function requestsOf(request: AwsRequest): readonly Call[] {
  if (request.service === 's3') return s3Requests(request);
  if (request.service === 'lambda') return [functionRequest(request)];
  if (request.service === 'apigateway') return [apiRequest(request)];
  // Route 53 names operations by path.
  const action = request.action.replace('/2013-04-01/', '').replace(/(hostedzone\/)[A-Z0-9]+/, '$1ID');
  const rule = RULES[request.service]?.[action] ?? RULES[request.service]?.['*'];
  if (rule === undefined) {
    throw new Error(
      `test/helpers/iam-rules.ts does not know ${request.service} ${request.action}: add which actions and ARNs IAM checks`,
    );
  }
  return rule(inputOf(request.body), request);
}

function inputOf(body: string): Input {
  if (body.startsWith('{')) return JSON.parse(body) as Input;
  return Object.fromEntries(new URLSearchParams(body));
}

/** The API's version is a date. */
const LAMBDA_PATH = /^([A-Z]+) \/\d{4}-\d{2}-\d{2}\/functions\/([\w-]+)(\/[\w-]+)?$/;

/** By method and the end of the path. */
const LAMBDA_ACTIONS: Readonly<Record<string, string>> = {
  GET: 'GetFunction',
  'GET /concurrency': 'GetFunctionConcurrency',
  'PUT /concurrency': 'PutFunctionConcurrency',
  'DELETE /concurrency': 'DeleteFunctionConcurrency',
  'GET /provisioned-concurrency': 'GetProvisionedConcurrencyConfig',
  'PUT /provisioned-concurrency': 'PutProvisionedConcurrencyConfig',
  'DELETE /provisioned-concurrency': 'DeleteProvisionedConcurrencyConfig',
  'POST /invocations': 'InvokeFunction',
};

/** What names an alias is authorized for the alias. */
function functionRequest({ action, url, region }: AwsRequest): Call {
  const [, method = '', name = '', end = ''] = LAMBDA_PATH.exec(action) ?? [];
  const called = LAMBDA_ACTIONS[`${method} ${end}`.trim()];
  if (called === undefined) throw new Error(`test/helpers/iam-requests.ts does not know Lambda ${action}`);
  const qualifier = new URL(url, 'http://host').searchParams.get('Qualifier');
  const alias = qualifier === FUNCTION_ALIAS ? `:${FUNCTION_ALIAS}` : '';
  return { action: `lambda:${called}`, resource: arn('lambda', region, `function:${name}${alias}`) };
}

/** Actions are HTTP methods, and ARNs the paths. */
function apiRequest({ action, region }: AwsRequest): Call {
  const [method = '', path = ''] = action.split(' ');
  return { action: `apigateway:${method}`, resource: `arn:aws:apigateway:${region}::${path}` };
}

/** Buckets are named `project-environment-purpose-account-region`. Only the log bucket is not encrypted with KMS. */
function s3Requests({ action, url, region, body, bypassesGovernance }: AwsRequest): readonly Call[] {
  const [method = '', path = ''] = action.split(' ');
  const { searchParams: query } = new URL(url, 'http://host');
  const [, name = '', key = ''] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(path)) ?? [];
  const bucket = `arn:aws:s3:::${name}`;
  const on = (resource: string, ...actions: string[]): Call[] =>
    actions.map((one) => ({ action: `s3:${one}`, resource }));
  const decrypted = (use: string): Call[] => [
    useKey(use, region, {
      'kms:ViaService': `s3.${region}.amazonaws.com`,
      'kms:EncryptionContext:aws:s3:arn': bucket,
    }),
  ];
  const object = `${bucket}/${key}`;
  if (key !== '' && (method === 'GET' || method === 'HEAD')) {
    const read = query.has('versionId') ? 'GetObjectVersion' : 'GetObject';
    // Without permission to list, S3 reports a missing object as a denied one.
    return [...on(object, read), ...on(bucket, 'ListBucket'), ...decrypted('Decrypt')];
  }
  if (key !== '' && method === 'PUT') return [...on(object, 'PutObject'), ...decrypted('GenerateDataKey')];
  if (method === 'HEAD') return on(bucket, 'ListBucket');
  if (method === 'GET' && query.has('versioning')) return on(bucket, 'GetBucketVersioning');
  if (method === 'GET' && query.has('object-lock')) return on(bucket, 'GetBucketObjectLockConfiguration');
  if (method === 'GET' && query.has('versions')) return on(bucket, 'ListBucketVersions');
  if (method === 'GET' && query.get('list-type') === '2') return on(bucket, 'ListBucket');
  if (method === 'DELETE' && query.has('policy')) return on(bucket, 'DeleteBucketPolicy');
  if (method === 'POST' && query.has('delete')) {
    const versions = body.includes('<VersionId>') ? ['DeleteObjectVersion'] : ['DeleteObject'];
    return on(`${bucket}/any`, ...versions, ...(bypassesGovernance ? ['BypassGovernanceRetention'] : []));
  }
  throw new Error(
    `test/helpers/iam-requests.ts does not know S3 ${method} ${url}: add which actions IAM checks`,
  );
}
