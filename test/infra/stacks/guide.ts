// Checks the tables in DEPLOYMENT.md against the code.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { DEPLOY_ERROR_CODES } from '../../../cli/aws/error.js';
import { ENVIRONMENTS } from '../../../infra/environments.js';
import { CONSOLE_SETTING_NAMES } from '../../../infra/settings/console.js';
import { SETTING_NAMES } from '../../../infra/settings/schema.js';
import { ROOT } from '../../helpers/cli.js';
import { CHOICES, type Json } from '../../helpers/settings.js';
import { synthesize } from '../../helpers/stacks.js';

const guide = readFileSync(join(ROOT, 'DEPLOYMENT.md'), 'utf8');

/** @param heading beginning of the table's heading row */
function table(heading: string): readonly string[][] {
  const lines = guide.slice(guide.indexOf(`\n| ${heading} |`) + 1).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) =>
    line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

t.test('the settings table lists every setting', (t) => {
  t.strictSame(
    table('setting')
      .map(([name]) => name?.replaceAll('`', ''))
      .sort(),
    [...SETTING_NAMES].sort(),
  );
  t.end();
});

t.test('the environments table lists every environment and its sizes', (t) => {
  t.strictSame(
    table('environment').map((row) => row.slice(0, 5)),
    Object.entries(ENVIRONMENTS).map(([name, { cpu, memoryMiB, functionMemoryMiB, retentionDays }]) => [
      `\`${name}\``,
      `${cpu}`,
      `${memoryMiB} MiB`,
      `${functionMemoryMiB} MiB`,
      `${retentionDays} days`,
    ]),
  );
  t.end();
});

t.test('the warning table lists every warning of --status', (t) => {
  const source = readFileSync(join(ROOT, 'cli/deploy/status-warnings.ts'), 'utf8');
  const codes = new Set([...source.matchAll(/\bcode: '(\w+)'/g)].map(([, code]) => code));
  const listed = table('warning').flatMap(([names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  t.strictSame(listed.sort(), [...codes].sort());
  t.end();
});

t.test('the error code table lists every code once', (t) => {
  const listed = table('code').flatMap(([names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  );
  const known = new Set(listed);
  t.equal(known.size, listed.length, 'no code is listed twice');
  t.strictSame(
    DEPLOY_ERROR_CODES.filter((code) => !known.has(code)),
    [],
  );
  t.end();
});

t.test('the alarm table lists every alarm', (t) => {
  const listed = table('alarm').flatMap(([names = '']) =>
    [...names.matchAll(/`([\w-]+)`/g)].map(([, name]) => name),
  );
  const alarms = [
    { ...CHOICES.cosigner, ...CHOICES.console },
    { ...CHOICES.lambda, lambda: { reservedConcurrency: 10 } },
    CHOICES.api,
  ].flatMap((changes) => synthesize('prod', changes).resources('AWS::CloudWatch::Alarm'));
  const names = alarms.map(({ Properties }) => String(Properties['AlarmName']));
  t.strictSame(
    listed.sort(),
    [...new Set(names.map((name) => name.replace(/^fireblocks-prod-(api-)?/, '')))].sort(),
  );
  t.end();
});

for (const [heading, least] of [
  ['what', 34],
  ['console', 11],
  ['function', 4],
] as const) {
  t.test(`each cost of "${heading}" matches its formula, and each sum its items`, (t) => {
    let sum = 0;
    let formulas = 0;
    for (const [what = '', formula = '', cost = ''] of table(`${heading} | formula | USD a month`)) {
      if (formula === '') {
        t.equal(cost, `**${sum.toFixed(2)}**`, what);
        continue;
      }
      const value = formula
        .split('+')
        .map((product) => product.split('×').reduce((result, factor) => result * Number(factor), 1))
        .reduce((total, product) => total + product, 0);
      t.ok(Math.abs(value - Number(cost)) < 0.0051, `${what}: ${formula} = ${value}`);
      sum += Number(cost);
      formulas++;
    }
    t.ok(formulas >= least);
    t.end();
  });
}

t.test('the table about the console lists each of its settings', (t) => {
  t.strictSame(
    table('in `console`').map(([name]) => name?.replaceAll('`', '')),
    CONSOLE_SETTING_NAMES,
  );
  t.end();
});

t.test('the costs of the store are those of the units that a decision uses', (t) => {
  const rows = table('what a decision uses').map(([, ...units]) => units);
  const total = rows.pop();
  const sum = (place: number): number => rows.reduce((units, row) => units + Number(row[place]), 0);
  t.strictSame(total, [`**${sum(0)}**`, `**${sum(1)}**`]);
  const costs = new Map(
    table('what | formula | USD a month').map(([what = '', formula = '']) => [what, formula] as const),
  );
  t.equal(costs.get('store, reads of 30,000 decisions'), `0.03 × ${sum(0)} × 0.1425`);
  t.equal(costs.get('store, writes of 30,000 decisions'), `0.03 × ${sum(1)} × 0.715`);
  const million = (read: number, write: number): string => (sum(0) * read + sum(1) * write).toFixed(2);
  t.match(guide, `cost\n${million(0.1425, 0.715)} in Tokyo, and ${million(0.125, 0.625)} in`);
  t.end();
});

/** The smallest layout with tasks of prod's size. */
const SMALLEST = { desiredCount: 1, maxCount: 1, network: { endpointZones: 1 } };

/** Settings with which the function's endpoints are in one zone. */
const ONE_ZONE = { network: { endpointZones: 1 } };

const count = (type: string, changes: Json = {}): number =>
  synthesize('prod', changes).resources(type).length;

/** The number of zones with endpoints. */
function endpointZones(changes: Json = {}): number {
  const [zones] = synthesize('prod', changes)
    .resources('AWS::EC2::VPCEndpoint')
    .flatMap(({ Properties }) => (Properties['SubnetIds'] as unknown[] | undefined)?.length ?? []);
  return zones ?? 0;
}

t.test('the costs include every endpoint and alarm that the stacks create', (t) => {
  const costs = table('what | formula | USD a month')
    .map(([what, formula]) => `${what ?? ''}: ${formula ?? ''}`)
    .join('\n');
  // The gateway endpoints for S3 and DynamoDB are free.
  const interfaces = count('AWS::EC2::VPCEndpoint') - 2;
  t.strictSame([endpointZones(SMALLEST), endpointZones()], [1, 2]);
  t.match(costs, `interface endpoints, ${interfaces} in one zone: ${interfaces} × 1 ×`);
  t.match(costs, `interface endpoints in a second zone: ${interfaces} × 1 ×`);
  t.equal(count('AWS::EC2::VPCEndpoint', CHOICES.cosigner) - 2, interfaces + 1);
  const alarms = count('AWS::CloudWatch::Alarm', SMALLEST);
  t.match(costs, `alarms, ${alarms}, one of them on two metrics: ${alarms} × 0.10 + 1 × 0.10`);
  t.match(costs, 'second task: alarm on a missing one: 1 × 0.10');
  t.equal(count('AWS::CloudWatch::Alarm'), alarms + 1);
  // Application Auto Scaling creates two alarms for each policy: one that adds, and one that removes tasks.
  t.match(costs, `scaling: alarms, ${2 * count('AWS::ApplicationAutoScaling::ScalingPolicy')}:`);
  t.equal(count('AWS::ApplicationAutoScaling::ScalingPolicy', SMALLEST), 0);
  const withCosigner = count('AWS::CloudWatch::Alarm', CHOICES.cosigner);
  t.match(costs, `Co-signer alarms: ${withCosigner - alarms - 1} × 0.10`);
  t.end();
});

t.test('one task and two, with endpoints in one zone and in two, cost the sums of their items', (t) => {
  const costs = new Map(
    table('what | formula | USD a month').map(([what = '', , cost = '']) => [
      what.replaceAll('*', ''),
      Number(cost.replaceAll('*', '')),
    ]),
  );
  const one = costs.get('one task, endpoints in one zone') ?? NaN;
  const two = costs.get('two tasks, endpoints in two zones') ?? NaN;
  const zone = costs.get('interface endpoints in a second zone') ?? NaN;
  t.strictSame(
    table('| endpoints in one zone').map((row) => row.slice(1)),
    [
      [one.toFixed(2), (one + zone).toFixed(2)],
      [(two - zone).toFixed(2), two.toFixed(2)],
    ],
  );
  t.end();
});

t.test('the costs of a function are those of its memory and endpoints, for each number of requests', (t) => {
  const { functionMemoryMiB } = ENVIRONMENTS.prod;
  const gb = (functionMemoryMiB / 1024).toFixed(4).replace(/0+$/, '');
  t.equal(table('function | formula')[0]?.[1], `${gb} × 2628000 × 0.0000053835`);
  const layouts = [CHOICES.lambda, CHOICES.api].map((changes) => ({ ...changes, ...ONE_ZONE }));
  t.strictSame(
    layouts.map((changes) => count('AWS::EC2::VPCEndpoint', changes) - 2),
    [1, 2],
  );
  const [ready = NaN, loadBalancer = NaN, endpoint = NaN, zone = NaN] = table('function | formula').map(
    ([, , cost]) => Number(cost),
  );
  const fixed = [loadBalancer + endpoint + zone, 2 * endpoint];
  // A function seals each record in the archive.
  const million = [0, 4.25].map((api) => api + 0.2 + Number(gb) * 25_000 * 0.0000166667 + 1000 * 0.0047);
  for (const [requests = '', , ...costs] of table('requests a month')) {
    const millions = Number(requests.replaceAll(',', '')) / 1_000_000;
    const [alb = NaN, api = NaN] = fixed.map((cost, place) => cost + millions * (million[place] ?? NaN));
    const expected = [(alb + ready).toFixed(2), (api + ready).toFixed(2)];
    t.strictSame(costs, [...expected, `${alb.toFixed(2)} or ${api.toFixed(2)}`], requests);
  }
  t.end();
});

t.test('the costs of the console include every endpoint and alarm that it adds', (t) => {
  const added = (type: string, host: boolean): number =>
    count(type, { console: { host, clientCidrs: ['172.20.0.0/16'] } }) - count(type);
  t.equal(added('AWS::EC2::VPCEndpoint', false), 1);
  t.equal(added('AWS::EC2::VPCEndpoint', true), 2);
  t.match(
    guide,
    `| alarms, ${added('AWS::CloudWatch::Alarm', true)} | ${added('AWS::CloudWatch::Alarm', true)} × 0.10 |`,
  );
  const [task] = synthesize('prod', CHOICES.console).resources('AWS::ECS::TaskDefinition', 'console');
  t.match(task?.Properties, { Cpu: '512', Memory: '1024' });
  t.end();
});
