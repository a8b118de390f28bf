// The entry point of the Lambda image: runs the handler on Lambda's runtime API.
import { createRuntimeApi } from './lambda/runtime-api.js';
import { tmpdir } from 'node:os';
import { prepareNode } from './node-settings.js';

// Lambda chooses the user, and only this directory is writable.
prepareNode(tmpdir());

const api = createRuntimeApi(process.env['AWS_LAMBDA_RUNTIME_API'] ?? '');
const { handler } = await import('./lambda.js').catch(async (error: unknown) => {
  await api.failInit(error);
  process.exit(1);
});
for (;;) await api.answerNext(handler);
