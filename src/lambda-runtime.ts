// The entry point of the Lambda image: runs the handler on Lambda's runtime API.
import { createRuntimeApi } from './lambda/runtime-api.js';
import { tmpdir } from 'node:os';
import { prepareNode } from './node-settings.js';

// Lambda chooses the user, and only this directory is writable.
prepareNode(tmpdir());

const { AWS_LAMBDA_RUNTIME_API: address = '' } = process.env;
if (address === '') {
  // Without the log, which is not loaded yet, and in no Lambda environment.
  process.stderr.write(
    'AWS_LAMBDA_RUNTIME_API is not set: Lambda sets it; elsewhere, start the service with `node dist/main.js`\n',
  );
  process.exit(1);
}
const api = createRuntimeApi(address);
const { handler } = await import('./lambda.js').catch(async (error: unknown) => {
  await api.failInit(error);
  process.exit(1);
});
for (;;) await api.answerNext(handler);
