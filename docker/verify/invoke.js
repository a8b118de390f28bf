// Starts the Lambda function on one core, and passes it an event as Lambda does, several times. Runs in the image from
// standard input, with the event in EVENT. Prints the median time from start to answer in ms, and the last answer.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { performance } from 'node:perf_hooks';
import process from 'node:process';

const STARTS = 7;

const times = [];
let answer;
for (let start = 0; start < STARTS; start++) {
  const startedAt = performance.now();
  answer = await firstAnswer();
  times.push(performance.now() - startedAt);
}
const ms = times.sort((a, b) => a - b)[STARTS >> 1];
process.stdout.write(`${Math.round(ms)}\n${JSON.stringify(answer)}\n`);

async function firstAnswer() {
  const answered = Promise.withResolvers();
  const server = createServer((request, response) => {
    if (request.url.endsWith('/invocation/next')) {
      response.setHeader('lambda-runtime-aws-request-id', 'verify').end(process.env.EVENT);
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      response.writeHead(202).end();
      if (request.url.endsWith('/invocation/verify/response')) answered.resolve(JSON.parse(body));
      else answered.reject(new Error(`${request.url}: ${body}`));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const environment = spawn('taskset', ['-c', '0', process.execPath, 'dist/runtime.js'], {
    env: { ...process.env, EVENT: '', AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${server.address().port}` },
    // The log.
    stdio: ['ignore', process.stderr, 'inherit'],
  });
  environment.on('exit', (code) => answered.reject(new Error(`the function exited with code ${code}`)));
  try {
    return await answered.promise;
  } finally {
    environment.kill('SIGKILL');
    server.closeAllConnections();
    server.close();
  }
}
