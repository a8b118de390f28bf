// Who may import whom: three products in one direction, the rooms of the service in one direction, and no circles.
// `npm run lint` checks it, type-only imports included.

const PRODUCTS = '^(src|cli|infra|bench|docker|test)/';

/** Files matching `from` may import, of this project, only what matches one of `allowed`. */
function layer(name, comment, from, allowed) {
  return {
    name,
    comment,
    severity: 'error',
    from: { path: from },
    to: { path: PRODUCTS, pathNot: allowed.map((path) => `^${path}`) },
  };
}

const FACTS = ['src/protocol/', 'src/policy/facts/'];
const LANGUAGE = [...FACTS, 'src/policy/language/'];
const EVALUATE = [...LANGUAGE, 'src/policy/evaluate/'];
const PARSE = [...EVALUATE, 'src/policy/parse/'];
const SOURCES = [...PARSE, 'src/sources/'];
const KEYS = [...SOURCES, 'src/keys/'];
const ROUTES = [...KEYS, 'src/plugins/', 'src/routes/', 'src/timeouts\\.ts$'];
const APP = [...ROUTES, 'src/app\\.ts$'];

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'No file may import itself, not even through others or for types alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-missing-file',
      comment: 'An import that leads nowhere would escape the other rules.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },

    layer('service', 'The service is self-contained: the image holds src/ alone.', '^src/', ['src/']),
    layer('infrastructure', 'infra/ is CDK alone, and builds on src/.', '^infra/', ['infra/', 'src/']),
    layer('commands', 'cli/ builds on infra/ and src/.', '^cli/', ['cli/', 'infra/', 'src/']),

    layer('protocol', 'The protocol depends on nothing else.', '^src/protocol/', ['src/protocol/']),
    layer('policy-facts', 'Facts are read from requests.', '^src/policy/facts/', FACTS),
    layer('policy-language', 'The language is about facts.', '^src/policy/language/', LANGUAGE),
    layer('policy-evaluate', 'Evaluation uses the language.', '^src/policy/evaluate/', EVALUATE),
    layer('policy-parse', 'Parsing comes last: it creates what is evaluated.', '^src/policy/parse/', PARSE),
    layer('sources', 'Sources know what they read, not who uses it.', '^src/sources/', SOURCES),
    layer('keys', 'Keys come from sources.', '^src/keys/', KEYS),
    layer('routes', 'Routes use keys, policy and plugins, not the application.', '^src/routes/', ROUTES),
    layer('plugins', 'Plugins know the protocol and the timeouts alone.', '^src/plugins/', [
      'src/protocol/',
      'src/plugins/',
      'src/timeouts\\.ts$',
    ]),
    layer('app', 'The application does not know the process that runs it.', '^src/app\\.ts$', APP),
    {
      name: 'configuration',
      comment: 'config.ts takes types from the rooms; values only from timeouts.ts and the base of errors.',
      severity: 'error',
      from: { path: '^src/config\\.ts$' },
      to: {
        path: PRODUCTS,
        pathNot: '^src/(timeouts|protocol/error)\\.ts$',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-input-or-output',
      comment: 'Protocol and policy are pure: no files, no network, no framework.',
      severity: 'error',
      from: { path: '^src/(protocol|policy)/' },
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
