// Time from starting the process to its first healthy response, compared with a Node.js process that does nothing.
import { atMost, times } from '../limits.js';
import { bootMs, emptyNodeMs, median, medianRatio } from '../measure.js';
import type { Effort, Section } from './effort.js';
import type { Targets } from './targets.js';

const MAX_BOOT_RATIO = 8;

export async function measureBoot(
  { createHandler, createReference }: Targets,
  { boots }: Effort,
): Promise<Section> {
  const ours = await createHandler('boot');
  const reference = await createReference('reference boot');
  const emptyMs: number[] = [];
  const oursMs: number[] = [];
  const referenceMs: number[] = [];
  for (let round = 0; round < boots; round++) {
    emptyMs.push((emptyNodeMs() + emptyNodeMs()) / 2);
    oursMs.push(await bootMs(ours.start, ours.url));
    referenceMs.push(await bootMs(reference.start, reference.url));
  }
  const row = (name: string, ms: readonly number[]): readonly string[] => [
    name,
    median(ms).toFixed(0),
    times(medianRatio(ms, emptyMs)),
  ];
  return {
    table: {
      title: 'Time from start to healthy',
      head: ['', 'ms', 'vs. node -e 0'],
      rows: [row('node -e 0', emptyMs), row('reference', referenceMs), row('this handler', oursMs)],
    },
    checks: [
      atMost(
        'start to healthy, compared with node -e 0',
        medianRatio(oursMs, emptyMs),
        MAX_BOOT_RATIO,
        times,
      ),
    ],
    series: [],
  };
}
