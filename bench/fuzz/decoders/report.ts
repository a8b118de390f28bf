// `npm run fuzz -- --decoders N`: runs the decoders on hostile input, and prints what they made of it.
import { today, updateSection } from '../../docs.js';
import { clearProgress, showProgress } from '../../progress.js';
import { markdownTable, printTable, type Table } from '../../table.js';
import { type DecoderTally, fuzzDecoders } from './run.js';

/** A run with at least this many inputs updates the documentation. */
const FULL_COUNT = 200_000;
const PRINTED_PROBLEMS = 20;

/** @param count number of inputs @returns whether no problem was found */
export function reportDecoders(count: number, seed: number): boolean {
  const tallies = fuzzDecoders({
    count,
    seed,
    onFamily: ({ title, sent, violations }) =>
      showProgress(`${title}: ${sent}, ${violations.length} violations`),
  });
  clearProgress();
  const table = tableOf(tallies);
  printTable(table);
  const problems = tallies.flatMap(({ violations }) => violations);
  const total = tallies.reduce((sum, { sent }) => sum + sent, 0);
  console.log(`\n${total} inputs, seed ${seed}: ${problems.length} problems`);
  if (count >= FULL_COUNT) {
    const summary = `Measured by \`npm run fuzz -- --decoders ${count}\` on ${today()}, seed ${seed}, Node.js ${process.versions.node}: ${total} inputs, ${problems.length} violations. A violation is a crash, a request of up to 100 KB that takes more than 50 ms or a larger one that takes more than a second, a payload that holds although it is not the digest, or a transaction that is verified although other encoders do not give its bytes for what the request displays.`;
    updateSection('reliability.md', 'decoders', `${summary}\n\n${markdownTable(table)}`);
  }
  for (const problem of problems.slice(0, PRINTED_PROBLEMS)) console.log(problem);
  return problems.length === 0;
}

function tableOf(tallies: readonly DecoderTally[]): Table {
  return {
    title: 'Hostile raw transactions',
    head: ['hostile input', 'inputs', 'verified', 'refused', 'slowest (ms)', 'violations'],
    rows: tallies.map(({ title, sent, verified, refused, slowestMs, violations }) => [
      title,
      ...[sent, verified, refused, Math.ceil(slowestMs), violations.length].map(String),
    ]),
  };
}
