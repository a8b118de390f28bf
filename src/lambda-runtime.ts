// The entry point of the Lambda image: runs the handler on Lambda's runtime API.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { prepareNode } from './node-settings.js';
import { createRuntimeApi } from './lambda/runtime-api.js';

prepareNode();

const api = createRuntimeApi(process.env['AWS_LAMBDA_RUNTIME_API'] ?? '');
try {
  const { handler } = await import('./lambda.js');
  for (;;) await api.answerNext(handler);
} catch (error) {
  await api.failInit(error);
  process.exit(1);
}
