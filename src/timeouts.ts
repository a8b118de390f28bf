// Values that the service and its infrastructure must agree on.

/** Default port of the service. */
export const PORT = 3000;

export const HEALTH_PATH = '/health';

/**
 * Maximum time that a request may take to arrive. The Co-signer gives up after 30 s (Fireblocks, "Setup API Co-signer
 * Callback Handler"), so a later response would not be used.
 */
export const LONGEST_REQUEST_MS = 30_000;

/** How long Lambda lets the function work on a request: as long as API Gateway waits, and a second less than the Co-signer. */
export const FUNCTION_TIMEOUT_MS = 29_000;

/** Default maximum time between the stop signal and process exit. */
export const SHUTDOWN_TIMEOUT_MS = 25_000;

/** How long the load balancer keeps idle connections open. The service keeps them a little longer. */
export const LOAD_BALANCER_IDLE_MS = 60_000;

/** Maximum startup time: the service retries SSM for a minute. */
export const START_MS = 90_000;
