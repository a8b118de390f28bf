// Tests the API's stack: who reaches it, what it invokes, and what it logs.
import t from 'tap';
import { FUNCTION_TIMEOUT } from '../../../infra/stacks/function.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { connections } from '../../helpers/stack-rules.js';
import { listOf, type Statement, synthesize, type Synthesized, toText } from '../../helpers/stacks.js';

const ACCOUNT = 'ap-northeast-1:<AWS::AccountId>';
const HANDLER = [
  'Task -> Endpoints tcp 443',
  'Task -> pl-61a54008 tcp 443 (out only)',
  'Task -> pl-78a54011 tcp 443 (out only)',
];

const only = (stacks: Synthesized, type: string): Json => stacks.resources(type, 'api')[0]?.Properties ?? {};

t.test('the API is private, and only its own VPC endpoint may invoke it', (t) => {
  for (const [changes, endpoint] of [
    [{}, { Ref: 'FoundationExecuteApi' }],
    [CHOICES.existingEndpoints, CHOICES.existingEndpoints.network.executeApiEndpointId],
  ] as const) {
    const stacks = synthesize('dev', { ...CHOICES.api, ...changes });
    const api = only(stacks, 'AWS::ApiGateway::RestApi');
    t.strictSame(api['EndpointConfiguration'], { Types: ['PRIVATE'], VpcEndpointIds: [endpoint] });
    t.equal(api['BinaryMediaTypes'], undefined);
    const { Statement } = api['Policy'] as { Statement: Statement[] };
    const invoke = { Action: 'execute-api:Invoke', Principal: { AWS: '*' }, Resource: 'execute-api:/*' };
    t.strictSame(Statement, [
      { ...invoke, Effect: 'Deny', Condition: { StringNotEquals: { 'aws:SourceVpce': endpoint } } },
      { ...invoke, Effect: 'Allow', Condition: { StringEquals: { 'aws:SourceVpce': endpoint } } },
    ]);
    for (const type of ['ElasticLoadBalancingV2::LoadBalancer', 'Route53::HostedZone', 'ECS::Cluster'])
      t.strictSame(stacks.resources(`AWS::${type}`), [], type);
  }
  t.end();
});

t.test('every path but the root invokes the function, which answers before API Gateway gives up', (t) => {
  const stacks = synthesize('dev', CHOICES.api);
  t.match(
    stacks.resources('AWS::ApiGateway::Resource').map(({ Properties }) => Properties['PathPart']),
    ['{proxy+}'],
  );
  t.equal(stacks.resources('AWS::ApiGateway::Method').length, 1);
  const method = only(stacks, 'AWS::ApiGateway::Method');
  t.equal(method['HttpMethod'], 'ANY');
  const { Type, Uri, TimeoutInMillis } = method['Integration'] as Json;
  const alias = `arn:aws:lambda:${ACCOUNT}:function:callback-handler-dev:live`;
  t.equal(Type, 'AWS_PROXY');
  t.equal(TimeoutInMillis, 29_000);
  t.equal(FUNCTION_TIMEOUT.toMilliseconds(), 29_000);
  t.equal(
    toText(Uri),
    `arn:aws:apigateway:ap-northeast-1:lambda:path/2015-03-31/functions/${alias}/invocations`,
  );
  const [permission] = stacks.resources('AWS::Lambda::Permission');
  t.equal(permission?.Properties['Principal'], 'apigateway.amazonaws.com');
  t.equal(toText(permission?.Properties['FunctionName']), alias);
  t.match(
    toText(permission?.Properties['SourceArn']),
    /^arn:aws:execute-api:ap-northeast-1:<AWS::AccountId>:<Api\w+>\/dev\/\*\/\*$/,
  );
  t.end();
});

t.test('the first output is the URL of API and endpoint together, with stage and base path', (t) => {
  const url = (changes: Json) => {
    const stack = synthesize('dev', { ...CHOICES.api, ...changes }).stacks.find(({ name }) => name === 'api');
    const [[name, output] = ['']] = Object.entries(stack?.json.Outputs ?? {});
    t.equal(name, 'CallbackURL');
    return toText(output?.Value).replace(/<Api[0-9A-F]{8}>/, 'API');
  };
  const host = 'execute-api.ap-northeast-1.<AWS::URLSuffix>';
  t.equal(url({}), `https://API-<FoundationExecuteApi>.${host}/dev/callback`);
  t.equal(url({ basePath: '/' }), `https://API-<FoundationExecuteApi>.${host}/dev`);
  t.equal(url(CHOICES.existingEndpoints), `https://API-vpce-0123456789abcdef0.${host}/dev/callback`);
  t.end();
});

t.test('another policy or endpoint is deployed', (t) => {
  const deployment = (changes: Json) =>
    Object.entries(
      synthesize('dev', { ...CHOICES.api, ...changes }).stacks.find(({ name }) => name === 'api')?.json
        .Resources ?? {},
    ).find(([, { Type }]) => Type === 'AWS::ApiGateway::Deployment')?.[0];
  t.not(deployment({}), deployment(CHOICES.existingEndpoints));
  t.equal(deployment({}), deployment({ alarmEmail: 'a@example.com' }));
  t.end();
});

t.test('requests are logged, without bodies and headers, in a log that is encrypted and expires', (t) => {
  const stacks = synthesize('staging', CHOICES.api);
  const stage = only(stacks, 'AWS::ApiGateway::Stage');
  t.equal(stage['StageName'], 'staging');
  const { DestinationArn, Format } = stage['AccessLogSetting'] as Json;
  t.match(toText(DestinationArn), /^arn:aws:logs:ap-northeast-1:<AWS::AccountId>:log-group:<AccessLog\w+>$/);
  const line = JSON.parse(String(Format)) as Json;
  t.ok(Object.values(line).every((value) => /^\$context\.[\w.]+$/.test(String(value))));
  t.match(only(stacks, 'AWS::Logs::LogGroup'), {
    LogGroupName: '/aws/apigateway/callback-handler-staging',
    RetentionInDays: 30,
    KmsKeyId: { Ref: 'SecurityKeyArn' },
  });
  t.end();
});

t.test('the role for logs of the account is set only where there is none, and is kept', (t) => {
  const stack = synthesize('dev', CHOICES.api).stacks.find(({ name }) => name === 'api');
  t.match(stack?.json.Parameters?.['SetLogRole'], { AllowedValues: ['true', 'false'], Default: 'true' });
  t.strictSame(stack?.json.Conditions, { SetsLogRole: { 'Fn::Equals': [{ Ref: 'SetLogRole' }, 'true'] } });
  const resources = Object.values(stack?.json.Resources ?? {});
  for (const type of ['AWS::ApiGateway::Account', 'AWS::IAM::Role']) {
    t.match(
      resources.filter(({ Type }) => Type === type),
      [{ Condition: 'SetsLogRole', DeletionPolicy: 'RetainExceptOnCreate' }],
      type,
    );
  }
  // Without the reference, the stage could be created before the role is set, which API Gateway refuses.
  const stage = resources.find(({ Type }) => Type === 'AWS::ApiGateway::Stage');
  t.match(JSON.stringify(stage?.Properties['Description']), '{"Fn::If":["SetsLogRole",{"Ref":"Account"}');
  t.end();
});

t.test('the endpoint has a group of its own, which only the Co-signer reaches, and no private DNS', (t) => {
  const stacks = synthesize('dev', CHOICES.api);
  t.strictSame(
    connections(stacks),
    ['Cosigner -> ApiEndpoint tcp 443', 'Cosigner -> LoadBalancer tcp 443', ...HANDLER].sort(),
  );
  const endpoint = stacks
    .resources('AWS::EC2::VPCEndpoint')
    .find(({ Properties }) => toText(Properties['ServiceName']).endsWith('.execute-api'));
  t.equal(endpoint?.Properties['PrivateDnsEnabled'], false);
  const { Statement } = endpoint?.Properties['PolicyDocument'] as { Statement: Statement[] };
  t.strictSame(
    Statement.flatMap(({ Action, Resource }) => listOf(Action).map((one) => `${one} ${toText(Resource)}`)),
    [`execute-api:Invoke arn:aws:execute-api:${ACCOUNT}:*`],
    'only the APIs of this account',
  );
  t.end();
});

t.test('with an existing endpoint, the Co-signer is admitted unless its group is there, too', (t) => {
  const group = CHOICES.existingEndpoints.network.endpointSecurityGroupId;
  const toEndpoints = (changes: Json): string[] =>
    connections(synthesize('dev', { ...CHOICES.api, ...CHOICES.existingEndpoints, ...changes })).filter(
      (connection) => connection.includes(`-> ${group}`) && !connection.startsWith('Task'),
    );
  t.strictSame(toEndpoints({}), [`Cosigner -> ${group} tcp 443`]);
  t.strictSame(toEndpoints(CHOICES.cosigner), [`Cosigner -> ${group} tcp 443`], 'once');
  t.strictSame(toEndpoints({ cosignerSecurityGroupId: 'sg-0fedcba9876543210' }), []);
  t.end();
});

t.test('while the API is replaced by a load balancer, it keeps its endpoint', (t) => {
  const leaving = synthesize('dev', {}, ['api']);
  t.ok(connections(leaving).includes('Cosigner -> ApiEndpoint tcp 443'));
  const outputs = leaving.stacks.find(({ name }) => name === 'foundation')?.json.Outputs ?? {};
  t.match(toText(outputs['ExecuteApiEndpoint']?.Value), /^<ExecuteApi[0-9A-F]{8}>$/);
  t.end();
});
