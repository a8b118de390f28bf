// A quarter of a core, the smallest task on Fargate: capacity, and latency at 70 % of it.
import { setTimeout as sleep } from 'node:timers/promises';
import { cgroupProblem, limitCpu } from '../faults/cgroup.js';
import { median } from '../measure.js';
import { sendSteadily, type Tally } from '../soak/steady-load.js';
import { ALGORITHMS } from './comparison-limits.js';
import { type Effort, type Section, USUAL_CONNECTIONS } from './effort.js';
import { measureRound } from './round.js';
import { measureInTurns, medianOf, type Series } from './rounds.js';
import { type RunningTarget, type Target, type Targets, withRunning } from './targets.js';

const CORES = 0.25;
const WARM_UP_SECONDS = 5;
/** Load at which the latency is measured, as a share of the capacity. */
const LOAD = 0.7;
/** Connections for that load: enough that a throttled process does not slow down the sender. */
const CONNECTIONS = 64;
const HEAD = ['', 'requests/s', 'p50 ms at 70 %', 'p99 ms at 70 %', 'CPU ms/request', 'RSS MB'];

export async function measureQuarterCore(targets: Targets, effort: Effort): Promise<Section> {
  const title = 'With a quarter of a core';
  if (cgroupProblem() !== undefined)
    return { table: { title, head: HEAD, rows: [] }, checks: [], series: [] };
  const rows: (readonly string[])[] = [];
  const all: Series[] = [];
  for (const algorithm of ALGORITHMS) {
    for (const target of [
      await targets.createHandler(`this handler, ${algorithm}, quarter core`, { algorithm }),
      await targets.createBare(`bare node:http, ${algorithm}, quarter core`, algorithm),
    ]) {
      // One at a time: the processes would share the quota.
      const { series, row } = await measure(target, effort);
      all.push(series);
      rows.push(row);
    }
  }
  return { table: { title, head: HEAD, rows }, checks: [], series: all };
}

async function measure(target: Target, effort: Effort): Promise<{ series: Series; row: readonly string[] }> {
  return withRunning([target], async (running) => {
    const [process] = running;
    if (process === undefined) throw new Error('nothing is running');
    // With a quarter of a core, V8 would take a minute to compile what is used most.
    if (effort.warmUp) await measureRound(process, USUAL_CONNECTIONS, WARM_UP_SECONDS);
    const release = limitCpu(process.child.pid ?? 0, CORES);
    const [series] = await measureInTurns(running, {
      ...{
        rounds: effort.quarterCoreRounds,
        connections: [USUAL_CONNECTIONS],
        seconds: 2,
        warmUp: effort.warmUp,
      },
    });
    if (series === undefined) throw new Error('nothing was measured');
    const perSecond = medianOf(series, (round) => round.perSecond);
    const latencies = await latenciesAt(process, perSecond * LOAD, effort.quarterCoreRounds * 2);
    release();
    const row = [
      target.name.replace(', quarter core', ''),
      perSecond.toFixed(0),
      median(latencies).toFixed(1),
      (latencies[Math.floor(latencies.length * 0.99)] ?? NaN).toFixed(1),
      medianOf(series, (round) => round.cpuMs).toFixed(3),
      medianOf(series, (round) => round.rssMb).toFixed(0),
    ];
    return { series, row };
  });
}

/** @returns the sorted latencies of answered requests, in ms */
async function latenciesAt(target: RunningTarget, perSecond: number, seconds: number): Promise<number[]> {
  const tally: Tally = { answered: 0, verified: 0, wrong: [], latenciesMs: [] };
  const stop = sendSteadily(target, perSecond, CONNECTIONS, tally);
  await sleep(seconds * 1000);
  await stop();
  return tally.latenciesMs.sort((a, b) => a - b);
}
