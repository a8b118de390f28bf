// The entry point: applies settings that Node.js needs before it compiles the service, then starts the service.
import { prepareNode } from './node-settings.js';

prepareNode();
await import('./service.js');
