// The function's handler. Importing it starts the application: an environment that can't start fails here.
import { start } from './lambda/start.js';

/** Answers an event of a load balancer, a REST API or an HTTP API. */
export const handler = await start(process.env);
