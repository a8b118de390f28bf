// Rules that never decide, and requests that reach the others.
export { reachingRequest } from './reaching.js';
export type { Reaching } from './request.js';
export { type Unreachable, unreachableRules } from './unreachable.js';
