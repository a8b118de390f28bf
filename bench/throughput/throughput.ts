// The benchmark: throughput, latency and cost, as medians of alternating rounds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { today, updateSection } from '../docs.js';
import { type Check, printChecks } from '../limits.js';
import { clearProgress } from '../progress.js';
import { markdownTable, printTable } from '../table.js';
import { measureBoot } from './boot.js';
import { compareThroughput } from './comparison.js';
import { FULL, type Section, SHORT, USUAL_CONNECTIONS } from './effort.js';
import { GROWTHS, measureGrowth } from './growth.js';
import { measureQuarterCore } from './quarter-core.js';
import { problemsOf } from './rounds.js';
import { createTargets } from './targets.js';

/**
 * Measures and prints; a full run also updates docs/performance.md.
 * @param options.short verifies the responses and ignores the limits, for a machine that is busy with other work
 * @returns whether all responses were correct and all limits hold
 */
export async function runThroughput({ short }: { short: boolean }): Promise<boolean> {
  const effort = short ? SHORT : FULL;
  const directory = mkdtempSync(join(tmpdir(), 'callback-handler-bench-'));
  const sections: Section[] = [];
  try {
    const targets = createTargets(directory);
    sections.push(await compareThroughput(targets, effort));
    for (const growth of GROWTHS) sections.push(await measureGrowth(targets, effort, growth));
    sections.push(await measureQuarterCore(targets, effort));
    sections.push(await measureBoot(targets, effort));
  } finally {
    rmSync(directory, { recursive: true });
  }
  clearProgress();

  for (const { table } of sections) printTable(table);
  console.log('');
  const checks = sections.flatMap((section) => section.checks);
  const withinLimits = short || printChecks(checks);
  const series = sections.flatMap((section) => section.series);
  const verified = series.flatMap(({ rounds }) => rounds).reduce((sum, round) => sum + round.verified, 0);
  const problems = series.flatMap(problemsOf);
  console.log(
    `${verified} sampled answers verified, ${problems.length} rounds with wrong or missing answers`,
  );
  for (const problem of problems) console.log(problem);
  if (!short) updateSection('performance.md', 'bench', report(sections, checks));
  return problems.length === 0 && withinLimits;
}

function report(sections: readonly Section[], checks: readonly Check[]): string {
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim()})`;
  const openssl = execFileSync('openssl', ['version'], { encoding: 'utf8' }).split(' ').slice(0, 2).join(' ');
  const limits = {
    head: [`at ${USUAL_CONNECTIONS} connections`, 'measured', 'limit', ''],
    rows: checks.map(({ what, measured, limit, holds }) => [
      what,
      measured,
      limit,
      holds ? 'holds' : 'does not hold',
    ]),
  };
  return [
    `Measured by \`npm run bench\` on ${today()}: ${machine}, Node.js ${process.versions.node} with OpenSSL ${process.versions.openssl}, ${openssl} for the OpenSSL comparison, loopback. Medians of ${FULL.rounds} alternating rounds of ${FULL.seconds} s after a warm-up; for the cost of rules, keys and larger requests, medians of ${FULL.growthRounds} rounds of 1 s.`,
    ...sections.map(({ table }) => `**${table.title}**\n\n${markdownTable(table)}`),
    `**Limits**\n\n${markdownTable(limits)}`,
  ].join('\n\n');
}
