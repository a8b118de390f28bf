// Tests that the reference documents match the code: variables, error codes, log events, dependencies, folders,
// versions.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { MAX_EVENT_LOOP_DELAY_MS } from '../../src/plugins/overload.js';
import { BODY_LIMIT } from '../../src/plugins/request-body.js';
import { decideBy } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import type { Action } from '../../src/protocol/decision.js';
import { REFUSALS } from '../../src/protocol/refusal.js';
import type { Kind } from '../../src/protocol/request.js';
import { ROOT } from '../helpers/cli.js';
import { documentOf } from './documents.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const packageJson = JSON.parse(read('package.json')) as {
  version: string;
  dependencies: Readonly<Record<string, string>>;
};

interface DecisionLine {
  readonly kind: Kind;
  readonly requestId: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly time: string;
  readonly action: Action;
  readonly rule: string;
}

/** The cells in a document's table rows that begin with inline code. */
function rowsOf(file: string): readonly (readonly string[])[] {
  return [...documentOf(file).prose.matchAll(/^\|(.*`[\w@/:.-]+`.*)\|$/gm)].map(([, row = '']) =>
    row.split('|').map((cell) => cell.trim()),
  );
}

/** The names in inline code in the given column of a document's tables. */
function namesIn(file: string, column: number): readonly string[] {
  return rowsOf(file).flatMap((row) =>
    [...(row[column] ?? '').matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  );
}

/** All files below a folder of the project. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

const CONFIGURATION = [
  ...['src/config.ts', 'src/config-common.ts', 'src/config-store.ts', 'src/config-console.ts'],
  'src/console/notify/config.ts',
];

t.test('configuration.md lists every environment variable', (t) => {
  const variables = new Set(
    CONFIGURATION.flatMap((file) =>
      [...read(file).matchAll(/^\s+([A-Z][A-Z_]{3,}):/gm)].flatMap(([, name = '']) =>
        // Set by AWS, not by the operator.
        name.startsWith('AWS_') ? [] : [name],
      ),
    ),
  );
  t.ok(variables.size >= 11, [...variables].join(', '));
  const documented = namesIn('docs/configuration.md', 0).filter((name) => /^[A-Z_]{4,}$/.test(name));
  t.strictSame(documented.filter((name) => !name.startsWith('AWS_')).sort(), [...variables].sort());
  t.end();
});

t.test('routes-and-errors.md states the delay above which requests are rejected', (t) => {
  t.match(
    read('docs/routes-and-errors.md'),
    /`overloaded` \| the event loop is more than one second behind, or /,
  );
  t.equal(MAX_EVENT_LOOP_DELAY_MS, 1000);
  t.end();
});

t.test('the documents state the maximum size of a body', (t) => {
  const limit = `${BODY_LIMIT / 1024 / 1024} MiB`;
  t.match(read('docs/routes-and-errors.md'), `A body can be up to ${limit}`);
  t.match(read('docs/routes-and-errors.md'), `the body is larger than ${limit}`);
  t.equal(REFUSALS.body_too_large.message, `The body is larger than ${limit}.`);
  t.end();
});

t.test('routes-and-errors.md lists every refusal with its status', (t) => {
  const documented = rowsOf('docs/routes-and-errors.md')
    .filter(([status = '']) => /^\d{3}$/.test(status))
    .map(([status, code = '']) => [code.replaceAll('`', ''), Number(status)] as const);
  t.strictSame(
    Object.fromEntries(documented),
    Object.fromEntries(Object.entries(REFUSALS).map(([code, { status }]) => [code, status])),
  );
  t.end();
});

t.test('log-events.md lists every event', (t) => {
  const sources = filesIn('src').map((file) => readFileSync(file, 'utf8'));
  const events = new Set(
    sources.flatMap((source) => [...source.matchAll(/\bevent: '(\w+)'/g)].map(([, event]) => event)),
  );
  t.ok(events.size >= 20, [...events].join(', '));
  const documented = namesIn('docs/log-events.md', 0);
  t.strictSame(
    [...events].filter((event) => !documented.includes(event ?? '')),
    [],
  );
  t.end();
});

t.test('architecture.md gives a reason for every runtime dependency', (t) => {
  const documented = rowsOf('docs/architecture.md')
    .filter((row) => row.length === 3)
    .map(([name = '']) => name.replaceAll('`', ''));
  t.strictSame([...documented].sort(), Object.keys(packageJson.dependencies).sort());
  t.end();
});

t.test('the first version in the change log matches package.json', (t) => {
  const [, version, date] = /^## (\S+) \((\d{4}-\d\d-\d\d)\)$/m.exec(read('CHANGELOG.md')) ?? [];
  t.equal(version, packageJson.version);
  t.ok(!Number.isNaN(Date.parse(date ?? '')), 'has a date');
  t.end();
});

t.test('the workflow runs .ci/run with read-only permissions', (t) => {
  const workflow = parse(read('.github/workflows/ci.yml')) as {
    permissions: unknown;
    jobs: { checks: { 'timeout-minutes': number; permissions?: unknown; steps: { run?: string }[] } };
  };
  const { checks } = workflow.jobs;
  t.strictSame(workflow.permissions, { contents: 'read' });
  t.equal(checks.permissions, undefined);
  t.equal(checks['timeout-minutes'], 90);
  t.ok(checks.steps.some(({ run }) => run?.endsWith('.ci/run')));
  t.end();
});

t.test('the example policy makes the decisions in the example log', (t) => {
  const policy = parsePolicy(read('examples/local-policy.yaml'), 'local-policy.yaml');
  const lines = read('examples/decisions.ndjson').trim().split('\n');
  t.equal(lines.length, 5);
  for (const line of lines) {
    const { kind, requestId, facts, time, action, rule } = JSON.parse(line) as DecisionLine;
    t.match(
      decideBy(policy, { kind, requestId, payload: facts }, new Date(time)),
      { action, rule },
      requestId,
    );
  }
  t.end();
});
