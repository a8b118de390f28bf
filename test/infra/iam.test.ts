// The evaluator of policies that other tests use follows the rules of IAM.
import t from 'tap';
import { type Call, isAllowed, type Statement } from '../helpers/iam.js';
import { compare, partsOf } from '../helpers/published.js';

const BUCKET = 'arn:aws:s3:::logs';
const allow = (statement: Partial<Statement>): Statement => ({
  Effect: 'Allow',
  Action: 's3:GetObject',
  Resource: `${BUCKET}/*`,
  ...statement,
});
const READ: Call = { action: 's3:GetObject', resource: `${BUCKET}/a/b` };

t.test('what no statement allows is denied, and a denial wins', (t) => {
  t.notOk(isAllowed([], READ));
  t.ok(isAllowed([allow({})], READ));
  t.notOk(isAllowed([allow({}), allow({ Effect: 'Deny', Action: 's3:*' })], READ));
  t.end();
});

t.test('actions have wildcards, and their case does not matter; the case of ARNs does', (t) => {
  t.ok(isAllowed([allow({ Action: ['s3:List*', 'S3:getobject'] })], READ));
  t.notOk(isAllowed([allow({ Action: 's3:GetObject?' })], READ));
  t.ok(isAllowed([allow({ Resource: ['arn:aws:s3:::other/*', 'arn:aws:s3:::l?gs/*'] })], READ));
  t.notOk(isAllowed([allow({ Resource: 'arn:aws:s3:::LOGS/*' })], READ));
  t.notOk(isAllowed([allow({ Resource: BUCKET })], READ), 'a bucket is not its objects');
  t.end();
});

t.test('all conditions must hold, and one that is about a missing key does not', (t) => {
  const holds = (Condition: Record<string, Record<string, unknown>>, context: Call['context'] = {}) =>
    isAllowed([allow({ Condition })], { ...READ, context });
  const given = { 'kms:ViaService': 's3.amazonaws.com', 'aws:ResourceTag/Project': 'a' };
  t.ok(holds({ StringEquals: given }, given));
  t.notOk(holds({ StringEquals: given }, { 'kms:ViaService': 's3.amazonaws.com' }));
  t.notOk(holds({ StringEquals: { 'aws:ResourceTag/Project': 'a*' } }, given), 'no wildcards');
  t.ok(holds({ StringLike: { 'aws:ResourceTag/Project': ['b', 'a*'] } }, given));
  t.ok(holds({ ArnEquals: { 'ecs:cluster': 'arn:*' } }, { 'ecs:cluster': 'arn:aws:ecs:a' }));
  t.ok(holds({ 'ForAnyValue:StringEquals': { k: ['a', 'b'] } }, { k: ['b', 'c'] }));
  t.notOk(holds({ 'ForAllValues:StringLike': { k: 'E#*' } }, { k: ['E#1', 'R#1'] }));
  t.ok(holds({ 'ForAllValues:StringLike': { k: 'E#*' } }), 'IAM says so of no values at all');
  t.notOk(holds({ Null: { k: 'false' } }));
  t.throws(() => holds({ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }), /is not evaluated/);
  t.end();
});

t.test('a comparison names the calls that are denied, and what a call needs', (t) => {
  const statement = allow({
    Sid: 'Logs',
    Action: ['s3:GetObject', 's3:PutObject'],
    Resource: ['arn:aws:s3:::PROJECT-ENVIRONMENT/*', 'arn:aws:s3:::other/*'],
  });
  const placeholders = { ACCOUNT: '123456789012', REGION: 'eu-central-1', PROJECT: 'lo', ENVIRONMENT: 'gs' };
  const read: Call = { action: 's3:GetObject', resource: 'arn:aws:s3:::lo-gs/a' };
  const remove: Call = { action: 's3:DeleteObject', resource: 'arn:aws:s3:::lo-gs/a' };
  const { denied, used } = compare([statement], placeholders, [read, remove]);
  t.strictSame(denied, [remove]);
  t.strictSame([...used], ['Logs: s3:GetObject', 'Logs: arn:aws:s3:::PROJECT-ENVIRONMENT/*']);
  t.strictSame(partsOf([statement]), [
    'Logs: s3:GetObject',
    'Logs: s3:PutObject',
    'Logs: arn:aws:s3:::PROJECT-ENVIRONMENT/*',
    'Logs: arn:aws:s3:::other/*',
  ]);
  t.end();
});
