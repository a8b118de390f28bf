// What the service and the infrastructure around it must agree on.

/** Where the service listens unless it is told otherwise. */
export const PORT = 3000;

export const HEALTH_PATH = '/health';

/**
 * The Co-signer gives up after 30 s (Fireblocks, "Setup API Co-signer Callback Handler"): a request that takes longer
 * to arrive is of no use, and none is on its way for longer.
 */
export const LONGEST_REQUEST_MS = 30_000;

/** How long the service takes to stop at most, unless it is told otherwise. */
export const SHUTDOWN_TIMEOUT_MS = 25_000;

/** How long the load balancer keeps idle connections. The service keeps them a little longer. */
export const LOAD_BALANCER_IDLE_MS = 60_000;

/** How long a start may take: for a minute the service tries to reach SSM. */
export const START_MS = 90_000;
