// Tests that errors from AWS and the network are explained so that the operator knows what to do.
import t from 'tap';
import { DeployError } from '../../../cli/aws/error.js';
import { explainError } from '../../../cli/aws/explain.js';
import { SourceError } from '../../../src/sources/source.js';

function thrown(name: string, more: object = {}): Error {
  return Object.assign(new Error('the original message'), { name, ...more });
}

t.test('explains each kind of error with its cause and the next step', (t) => {
  const client = { $metadata: { httpStatusCode: 400 } };
  const cases: readonly [Error, string, RegExp][] = [
    [thrown('CredentialsProviderError'), 'CREDENTIALS_MISSING', /--profile/],
    [thrown('ExpiredTokenException', client), 'CREDENTIALS_REFUSED', /aws sso login/],
    [thrown('AccessDenied', client), 'PERMISSION_MISSING', /permission/],
    [thrown('Forbidden', { $metadata: { httpStatusCode: 403 } }), 'PERMISSION_MISSING', /permission/],
    [thrown('Error', { code: 'ENOTFOUND' }), 'AWS_NOT_FOUND', /region/],
    [thrown('Error', { code: 'ECONNREFUSED' }), 'AWS_UNREACHABLE', /AWS_ENDPOINT_URL/],
    [new AggregateError([thrown('Error', { code: 'ECONNREFUSED' })]), 'AWS_UNREACHABLE', /network/],
    [thrown('ThrottlingException', client), 'AWS_BUSY', /in a minute/],
    [thrown('InternalError', { $metadata: { httpStatusCode: 503 } }), 'AWS_FAILED', /in a minute/],
    [thrown('ValidationError', client), 'AWS_REFUSED', /fix the reported problem/],
    [thrown('Error', { code: 'EACCES', path: 'x.pem' }), 'FILE_UNUSABLE', /read and write it/],
    [new SourceError("x.pem can't be read", { transient: false }), 'FILE_UNUSABLE', /read and write it/],
  ];
  for (const [error, code, next] of cases) {
    const explained = explainError(error, undefined);
    t.ok(explained instanceof DeployError, code);
    t.match(explained, { code, next });
  }
  const failed = thrown('InternalError', { $metadata: { httpStatusCode: 503 }, call: 'SSM GetParameter' });
  t.match(explainError(failed, undefined), { message: 'SSM GetParameter failed with HTTP 503' });
  t.match(explainError(thrown('CredentialsProviderError'), 'ops'), { message: /profile ops/ });
  t.end();
});

t.test('returns other errors unchanged', (t) => {
  const bug = new TypeError('x is not a function');
  t.equal(explainError(bug, undefined), bug);
  const explained = new DeployError('NO_SERVICE', 'there is no service', 'deploy it');
  t.equal(explainError(explained, undefined), explained);
  t.equal(explainError('a string', undefined), 'a string');
  t.end();
});
