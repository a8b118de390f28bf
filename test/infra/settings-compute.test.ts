// Tests the settings that choose what runs the handler, and what the Co-signer calls.
import t from 'tap';
import { type EnvironmentName, stackNames } from '../../infra/names.js';
import { checkSettings } from '../../infra/settings.js';
import { findWarnings } from '../../infra/settings/warnings.js';
import { CHOICES, EXAMPLE, type Json, problems } from '../helpers/settings.js';

t.test('the handler runs on Fargate behind a load balancer, unless settings say otherwise', (t) => {
  t.match(checkSettings(EXAMPLE, 'prod'), { compute: 'fargate', front: 'alb', lambda: undefined });
  const lambda = (environment: EnvironmentName, changes: Json = {}) =>
    checkSettings({ ...EXAMPLE, ...CHOICES.lambda, ...changes }, environment).lambda;
  t.strictSame(lambda('dev'), { provisionedConcurrency: 0 });
  t.strictSame(lambda('prod'), { provisionedConcurrency: 1 });
  t.strictSame(lambda('prod', { lambda: { provisionedConcurrency: 0 } }), { provisionedConcurrency: 0 });
  t.strictSame(lambda('prod', { lambda: { reservedConcurrency: 20 } }), {
    reservedConcurrency: 20,
    provisionedConcurrency: 1,
  });
  t.end();
});

t.test('an API needs neither hostname nor certificate, which may stay', (t) => {
  const { hostName, certificate, ...others } = EXAMPLE;
  t.strictSame(problems({ ...others, ...CHOICES.api }), []);
  t.strictSame(problems({ ...others, ...CHOICES.api, hostName, certificate }), []);
  t.match(problems({ ...others, ...CHOICES.lambda }), [/^hostName is missing/, /^certificate is missing/]);
  const warnings = findWarnings(checkSettings({ ...EXAMPLE, ...CHOICES.api }, 'dev'), 'dev');
  t.strictSame(warnings, [], 'no warning about a certificate that is not used');
  t.end();
});

t.test('reports settings that have no effect with what runs the handler, or that it cannot do', (t) => {
  const { lambda, api, console, existingEndpoints } = CHOICES;
  const { executeApiEndpointId, ...withoutApi } = existingEndpoints.network;
  const noEffect = (name: string) => `${name} has no effect with "compute": "lambda": remove it`;
  const cases: readonly [changes: Json, ...problems: string[]][] = [
    [{ compute: 'ecs' }, 'compute must be "fargate" or "lambda"'],
    [{ ...lambda, front: 'nlb' }, 'front must be "alb" or "api"'],
    [{ front: 'api' }, 'front is "api", which needs "compute": "lambda"'],
    [
      { lambda: { provisionedConcurrency: 1 } },
      'lambda has no effect without "compute": "lambda": remove it',
    ],
    [{ ...lambda, desiredCount: 2, maxCount: 4 }, noEffect('desiredCount'), noEffect('maxCount')],
    [
      { ...lambda, tlsToTask: true },
      'tlsToTask has no effect with "compute": "lambda", unless there is a console: remove it',
    ],
    [{ ...lambda, ...console, tlsToTask: true }],
    [
      { ...api, ...console },
      'console needs "front": "alb", because it is a service behind the load balancer',
    ],
    [{ ...lambda, lambda: 2 }, 'lambda must be an object such as {"provisionedConcurrency": 1}'],
    [{ ...lambda, lambda: { reservedConcurrency: 0 } }, 'lambda.reservedConcurrency must be at least 1'],
    [
      { ...lambda, lambda: { provisionedConcurrency: 0.5 } },
      'lambda.provisionedConcurrency must be a whole number of concurrent requests',
    ],
    [
      { ...lambda, lambda: { reserved: 2, reservedConcurency: 2 } },
      'lambda.reserved is unknown: remove it',
      'lambda.reservedConcurency is unknown: did you mean "reservedConcurrency"?',
    ],
    [
      { ...lambda, lambda: { reservedConcurrency: 3, provisionedConcurrency: 3 } },
      'lambda.reservedConcurrency is 3, but provisionedConcurrency is 3: it must be greater, so that a deployment can check a new version',
    ],
    [
      { ...lambda, environments: { prod: { lambda: { reservedConcurrency: 1 } } } },
      'environments.prod.lambda.reservedConcurrency is 1, but provisionedConcurrency is 1: it must be greater, so that a deployment can check a new version',
    ],
    [{ ...lambda, lambda: { reservedConcurrency: 1 } }],
    [{ ...lambda, lambda: { reservedConcurrency: 4, provisionedConcurrency: 3 } }],
    [
      { ...api, network: withoutApi },
      'network.executeApiEndpointId is missing: "front": "api" with "endpoints": "existing" needs it',
    ],
    [{ ...lambda, network: withoutApi }],
    [
      { ...api, auth: 'json' },
      'auth is "json", which needs a certificate of your own, but Amazon issues and renews that of an API: use "front": "alb", or "auth": "jwt"',
    ],
    [{ ...lambda, auth: 'json' }],
    [{ ...api, network: { ...withoutApi, executeApiEndpointId } }],
  ];
  for (const [changes, ...expected] of cases)
    t.strictSame(problems({ ...EXAMPLE, ...changes }), expected, JSON.stringify(changes));
  t.strictSame(
    problems({ ...EXAMPLE, environments: { prod: { ...lambda, desiredCount: 2 } } }),
    [`environments.prod.${noEffect('desiredCount')}`],
    'in the environment that has it',
  );
  t.end();
});

t.test('ignores what is set for all environments, and has an effect only in others', (t) => {
  const tasks = { desiredCount: 2, maxCount: 4, tlsToTask: true };
  const dev = { environments: { dev: CHOICES.lambda } };
  t.strictSame(problems({ ...EXAMPLE, ...tasks, ...dev }), []);
  t.match(checkSettings({ ...EXAMPLE, ...tasks, ...dev }, 'prod'), tasks);
  t.strictSame(
    problems({ ...EXAMPLE, ...tasks, environments: { dev: { ...CHOICES.lambda, desiredCount: 1 } } }),
    ['environments.dev.desiredCount has no effect with "compute": "lambda": remove it'],
  );

  const concurrency = { reservedConcurrency: 3, provisionedConcurrency: 2 };
  const lambda = { ...EXAMPLE, compute: 'lambda', lambda: concurrency };
  const prod = { environments: { prod: { compute: 'fargate' } } };
  t.strictSame(problems({ ...lambda, ...prod }), []);
  t.match(checkSettings({ ...lambda, ...prod }, 'dev'), { lambda: concurrency });
  t.match(checkSettings({ ...lambda, ...prod }, 'prod'), { compute: 'fargate', lambda: undefined });
  t.strictSame(
    problems({
      ...lambda,
      environments: { prod: { compute: 'fargate', lambda: { reservedConcurrency: 3 } } },
    }),
    ['environments.prod.lambda has no effect without "compute": "lambda": remove it'],
    'and nothing about what it has inside',
  );
  t.end();
});

t.test('the stacks are those that the settings call for', (t) => {
  const stacks = (changes: Json) =>
    stackNames(checkSettings({ ...EXAMPLE, ...changes }, 'dev'))
      .slice(3)
      .join(' ');
  t.equal(stacks({}), 'callback');
  t.equal(stacks(CHOICES.lambda), 'function callback');
  t.equal(stacks({ ...CHOICES.lambda, ...CHOICES.console }), 'function callback console');
  t.equal(stacks({ ...CHOICES.api, ...CHOICES.cosigner }), 'function api cosigner');
  t.end();
});
