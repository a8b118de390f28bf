// How clients of AWS keep their connections.

/** How long a connection may be idle, in ms. Later, the network may have forgotten it, and a request on it would hang. */
const IDLE_MS = 5_000;

/** Options of the AWS SDK's `requestHandler`. */
export const CONNECTIONS = { httpAgent: { timeout: IDLE_MS }, httpsAgent: { timeout: IDLE_MS } };
