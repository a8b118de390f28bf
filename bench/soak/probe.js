// Preloaded into the handler: reports its event-loop delay, handles and heap to the parent process once a second.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { setInterval } from 'node:timers';

const RESOLUTION_MS = 10;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
setInterval(() => {
  process.send?.({
    delayMs: Math.max(0, delay.percentile(99) / 1e6 - RESOLUTION_MS),
    handles: process.getActiveResourcesInfo().length,
    heapMb: process.memoryUsage().heapUsed / 1024 ** 2,
  });
  delay.reset();
}, 1000).unref();
process.channel?.unref();
