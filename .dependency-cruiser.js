// Allowed imports: in one direction only between the three products and between the service's modules, and no circular
// imports. `npm run lint` enforces them, including type-only imports.

const PRODUCTS = '^(src|cli|infra|bench|docker|test)/';

/** Of this project's files, those matching `from` may import only those matching one of `allowed`. */
function layer(name, comment, from, allowed) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { path: PRODUCTS, pathNot: allowed.map((path) => `^${path}`) },
  };
}

const CHAIN = ['src/protocol/', 'src/chain/'];
const FACTS = [...CHAIN, 'src/policy/facts/'];
const LANGUAGE = [...FACTS, 'src/policy/language/'];
const LIMITS = [...LANGUAGE, 'src/policy/limits/'];
const APPROVALS = ['src/protocol/', 'src/approvals/'];
const EVALUATE = [...LIMITS, 'src/approvals/', 'src/policy/evaluate/'];
const PARSE = [...EVALUATE, 'src/policy/parse/'];
const AWS = 'src/aws-connections\\.ts$';
const SOURCES = [...PARSE, AWS, 'src/sources/'];
const KEYS = [...SOURCES, 'src/keys/'];
const STORE = ['src/protocol/', AWS, 'src/store/'];
const MEMORY = [...KEYS, 'src/store/', 'src/memory/'];
const ROUTES = [...MEMORY, 'src/plugins/', 'src/routes/', 'src/timeouts\\.ts$'];
const APP = [...ROUTES, 'src/tls/', 'src/app\\.ts$'];

export default {
  forbidden: [
    {
      name: 'no-circular-imports',
      comment: 'Circular imports are not allowed, not even for types.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-missing-file',
      comment: 'The other rules do not apply to an import that cannot be resolved.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },

    layer('service', 'The service is self-contained: the image contains only src/.', '^src/', ['src/']),
    layer('infrastructure', 'infra/ contains only CDK code on top of src/.', '^infra/', ['infra/', 'src/']),
    layer('commands', 'cli/ depends on infra/ and src/.', '^cli/', ['cli/', 'infra/', 'src/']),

    layer('protocol', 'The protocol depends on nothing else.', '^src/protocol/', ['src/protocol/']),
    layer('chain', 'What is signed depends on the protocol only.', '^src/chain/', CHAIN),
    layer('policy-facts', 'Facts depend on the chain and the protocol.', '^src/policy/facts/', FACTS),
    layer('policy-language', 'The language depends on facts.', '^src/policy/language/', LANGUAGE),
    layer('policy-limits', 'Limits depend on the language.', '^src/policy/limits/', LIMITS),
    layer('approvals', 'What people sign depends on the protocol only.', '^src/approvals/', APPROVALS),
    layer('policy-evaluate', 'Evaluation depends on the language.', '^src/policy/evaluate/', EVALUATE),
    layer('policy-parse', 'Parsing creates the policy to evaluate.', '^src/policy/parse/', PARSE),
    layer('store', 'The store knows nothing of policies.', '^src/store/', STORE),
    layer('memory', 'What a decision remembers joins policy and store.', '^src/memory/', MEMORY),
    layer('sources', 'Sources do not depend on their callers.', '^src/sources/', SOURCES),
    layer('keys', 'Keys are read from sources.', '^src/keys/', KEYS),
    layer('routes', 'Routes do not depend on the application.', '^src/routes/', ROUTES),
    layer('console', 'The console does not depend on the process.', '^src/console/', [
      ...MEMORY,
      'src/approvals/',
      'src/console/',
      'src/tls/',
      'src/plugins/handshakes\\.ts$',
      'src/config-values\\.ts$',
      'src/timeouts\\.ts$',
    ]),
    {
      name: 'console-apart',
      comment: 'Only the processes start the console: nothing that answers the Co-signer depends on it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(console/|console-main\\.ts$|service\\.ts$)' },
      to: { path: '^src/console/', pathNot: '^src/console/notify/config\\.ts$' },
    },
    {
      name: 'lambda-apart',
      comment: "Only Lambda's entry points import src/lambda/.",
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/lambda(/|\\.ts$|-runtime\\.ts$)' },
      to: { path: '^src/lambda' },
    },
    layer('tls', 'TLS to the task stands alone.', '^src/tls/', ['src/tls/']),
    layer('plugins', 'Plugins depend only on the protocol, TLS and the timeouts.', '^src/plugins/', [
      'src/protocol/',
      'src/tls/',
      'src/plugins/',
      'src/timeouts\\.ts$',
    ]),
    layer('app', 'The application does not depend on the process.', '^src/app\\.ts$', APP),
    {
      name: 'configuration',
      comment:
        'config.ts may import types, but values only from timeouts.ts, config-common.ts, config-console.ts, config-store.ts, config-values.ts, console/notify/config.ts, protocol/error.ts and sources/signers.ts.',
      severity: 'error',
      from: { path: '^src/config\\.ts$' },
      to: {
        path: PRODUCTS,
        pathNot:
          '^src/(timeouts|config-common|config-console|config-store|config-values|console/notify/config|protocol/error|sources/signers)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-input-or-output',
      comment: 'Protocol, chain, approvals and policy do no I/O and use no framework.',
      severity: 'error',
      from: { path: '^src/(protocol|chain|approvals|policy)/' },
      to: {
        path: [
          '^(node:)?(fs|fs/promises|net|http|https|tls|dns|child_process|timers|timers/promises)$',
          'node_modules/(@aws-sdk|fastify|@fastify|pino)/',
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'types', 'default'],
    },
  },
};
