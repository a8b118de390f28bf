// What AWS and the network throw, told so that an operator knows what to do.
import t from 'tap';
import { DeployError, explainError } from '../../../cli/aws/error.js';

function thrown(name: string, more: object = {}): Error {
  return Object.assign(new Error('what it said'), { name, ...more });
}

t.test('each fault has a cause and a next step', (t) => {
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
    [thrown('ValidationError', client), 'AWS_REFUSED', /mend/],
  ];
  for (const [error, code, next] of cases) {
    const explained = explainError(error, undefined);
    t.ok(explained instanceof DeployError, code);
    t.match(explained, { code, next });
  }
  t.match(explainError(thrown('CredentialsProviderError'), 'ops'), { message: /profile ops/ });
  t.end();
});

t.test('a mistake of ours stays what it is', (t) => {
  const mistake = new TypeError('x is not a function');
  t.equal(explainError(mistake, undefined), mistake);
  const told = new DeployError('NO_SERVICE', 'there is none', 'deploy it');
  t.equal(explainError(told, undefined), told);
  t.equal(explainError('a text', undefined), 'a text');
  t.end();
});
