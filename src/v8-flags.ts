import { setFlagsFromString } from 'node:v8';

/**
 * On a machine with much memory V8 lets the young generation grow to hundreds of megabytes for a service whose live
 * data is 20 MB; told to favour size it stays near 100 MB of RSS, for about 3 % of the throughput. Its middle compiler,
 * Maglev, holds another 12 MB, and nothing here is slower without it. Told so before it has started, the service starts
 * a sixth slower.
 */
export function favourSize(): void {
  setFlagsFromString('--optimize-for-size');
  setFlagsFromString('--no-maglev');
}
