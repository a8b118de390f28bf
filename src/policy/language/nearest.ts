// "Did you mean …?"
import leven from 'leven';

/** @returns the candidate closest to `written` if it differs in at most a third of its characters, else `undefined` */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  const [closest] = candidates
    .map((candidate) => ({ candidate, distance: leven(written.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(1, candidate.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return closest?.candidate;
}
