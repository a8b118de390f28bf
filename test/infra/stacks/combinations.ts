// Synthesizes every combination of environment and settings, and checks the stacks with the AwsSolutions rule pack.
// test/deploy/all-combinations.test.ts validates their templates.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import t from 'tap';
import { ENVIRONMENT_NAMES, type EnvironmentName } from '../../../infra/names.js';
import { COMBINATIONS, type Json } from '../../helpers/settings.js';
import { createApp } from '../../helpers/stacks.js';

/** Timeout for all combinations together, in ms. */
const LIMIT_MS = 120_000;

const directory = mkdtempSync(join(tmpdir(), 'combinations-'));
t.teardown(() => {
  rmSync(directory, { recursive: true });
});

/** @returns the app, and what the CDK and the rule pack report about it */
function check(environment: EnvironmentName, changes: Json): { app: App; findings: readonly string[] } {
  const app = createApp(mkdtempSync(join(directory, 'app-')), environment, changes);
  Validations.of(app).addPlugins(new AwsSolutionsChecks());
  const { stacks, directory: out } = app.synth();
  const { pluginReports } = JSON.parse(readFileSync(join(out, 'validation-report.json'), 'utf8')) as {
    pluginReports: { pluginName: string; violations: unknown[] }[];
  };
  const findings = [
    ...stacks.flatMap(({ messages }) => messages.map(({ entry }) => JSON.stringify(entry.data))),
    ...pluginReports.flatMap(({ violations }) => violations.map((violation) => JSON.stringify(violation))),
  ];
  return { app, findings };
}

/** Rule pack findings that an app acknowledges, with the reasons. */
function acknowledgements(app: App): readonly [finding: string, reason: string][] {
  return app.node.findAll().flatMap((construct) =>
    construct.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) => Object.entries(data as Record<string, string>))
      .filter(([id]) => id.startsWith('AwsSolutions::'))
      .map(([id, reason]): [string, string] => [`${construct.node.path} ${id}`, reason]),
  );
}

/** Set by the first combination, not at startup, because the other tests in the process run before it. */
let started: number | undefined;
const acknowledged = new Map<string, string>();

for (const environment of ENVIRONMENT_NAMES) {
  t.test(`${environment}: no combination of settings causes a warning or a finding`, (t) => {
    started ??= performance.now();
    for (const { name, changes } of COMBINATIONS) {
      const { app, findings } = check(environment, changes);
      t.strictSame(findings, [], name);
      for (const [finding, reason] of acknowledgements(app)) {
        acknowledged.set(finding.replaceAll(environment, '<environment>'), reason);
      }
    }
    t.end();
  });
}

t.test('all combinations take less than two minutes', (t) => {
  const elapsedMs = performance.now() - (started ?? NaN);
  t.ok(elapsedMs < LIMIT_MS, `${elapsedMs.toFixed(0)} ms`);
  t.end();
});

t.test('an explicit account causes no warning and no finding', (t) => {
  t.strictSame(check('prod', { account: '111122223333' }).findings, []);
  t.end();
});

t.test('at most twenty-eight findings are acknowledged, each with a reason', (t) => {
  t.comment([...acknowledged].map(([finding, reason]) => `${finding}: ${reason}`).join('\n'));
  t.ok(acknowledged.size > 0 && acknowledged.size <= 28, `${acknowledged.size}`);
  for (const reason of acknowledged.values()) t.ok(reason.length > 30, reason);
  t.end();
});

t.test('the rule pack rejects a stack that breaks a rule', (t) => {
  const app = new App({ outdir: t.testdir(), builtinCloudFormationValidation: false });
  Validations.of(app).addPlugins(new AwsSolutionsChecks());
  new Bucket(new Stack(app, 'open'), 'Open');
  t.throws(() => app.synth(), { message: /Validation failed/ });
  t.end();
});
