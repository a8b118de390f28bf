// The parts of docker/compose.yaml, each really run, around the image's file tree: IMAGE_TREE, as
// `docker/verify-image.sh --tree` leaves it. Needs root, nginx, moto and iproute2.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { makeCertificate } from '../../infra/deploy/certificate.js';
import { compose, type Compose, type Ran } from '../helpers/compose.js';
import type { Handler } from '../helpers/process.js';
import { until } from '../helpers/process.js';

const tree = process.env['IMAGE_TREE'] ?? '';
if (tree === '') throw new Error('IMAGE_TREE is not set: docker/verify-image.sh --tree DIRECTORY makes one');

interface Up extends Compose {
  readonly handler: Handler;
}

/** What `docker compose up` does, in its order. */
async function up(t: Test, variables: Record<string, string> = {}, nodeArgs: string[] = []): Promise<Up> {
  const services = await compose(t, tree, variables);
  services.start('ssm');
  let seed: Ran | undefined;
  await until(async () => {
    seed = await services.run('seed');
    return seed.code === 0 ? seed : undefined;
  }, 20_000);
  if (seed?.code !== 0) throw new Error(`seed does not end with 0: ${seed?.output}`);
  t.match(seed.output, /put +\/fireblocks-callback\/local\/policy/);
  const handler = services.startHandler(nodeArgs);
  await handler.listening(30_000);
  t.ok(await services.handlerIsHealthy(), 'the health check says so');
  services.start('tls');
  // As depends_on has it no test of the front: until it listens, the Co-signer is told that nothing does.
  await until(async () => {
    const { output } = await services.run('cosigner', ['--tamper=zero', ...jsonMode(variables)]);
    return /ECONNREFUSED|nothing listens/.test(output) ? undefined : output;
  }, 10_000);
  return { ...services, handler };
}

function jsonMode(variables: Record<string, string>): string[] {
  return variables['CALLBACK_AUTH'] === 'json' ? ['--json-mode'] : [];
}

t.test('the Co-signer gets a verified decision through TLS', async (t) => {
  const { run, handler } = await up(t);
  const asked = await run('cosigner');
  t.match(asked, {
    code: 0,
    output: /POST https:\/\/callback\.internal\/v2\/tx_sign_request[^]*Answered APPROVE/,
  });
  t.match(asked.output, /signature and requestId verified/);
  t.match(await handler.line({ event: 'decision' }), {
    rule: 'small-internal',
    traceId: /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/,
  });
  t.match(await run('cosigner', ['config']), { code: 0, output: /Answered IGNORE/ });
  t.match(await run('cosigner', ['--tamper', 'hmac']), { code: 1, output: /invalid_token/ });
  t.match(await run('cosigner', ['--json-mode']), { code: 1, output: /not_found/ }, 'JSON is not spoken');
});

t.test('the Co-signer believes no other CA', async (t) => {
  const { run } = await up(t);
  const other = join(t.testdirName, 'other-ca.pem');
  writeFileSync(other, (await makeCertificate('callback.internal')).ca);
  t.match(await run('cosigner', ['--ca', other]), {
    code: 1,
    output: /NOT VERIFIED.*(signature|certificate)/,
  });
});

t.test('in JSON mode, too, the Co-signer gets its decision through TLS', async (t) => {
  const { run, handler } = await up(t, { CALLBACK_AUTH: 'json' });
  t.match(await run('cosigner', ['--json-mode']), { code: 0, output: /Answered APPROVE/ });
  t.ok(handler.lines.some(({ event }) => event === 'json_mode'));
  t.match(await run('cosigner'), { code: 1, output: /not_found/ }, 'JWT is not spoken');
});

t.test('on SIGTERM to PID 1 under load no request that was received is lost', async (t) => {
  const { start, signal, handler } = await up(t);
  const answered = new Set<string>();
  const askers = Array.from({ length: 6 }, () => {
    const asker = start('cosigner', ['--count', '1000000', '--json']);
    if (asker.stdout !== null) {
      createInterface({ input: asker.stdout }).on('line', (line) => {
        // It may be ended in the middle of one.
        if (!line.endsWith('}')) return;
        const { verified, request } = JSON.parse(line) as {
          verified: boolean;
          request: { requestId: string };
        };
        if (verified) answered.add(request.requestId);
      });
    }
    return asker;
  });
  const decided = (): string[] =>
    handler.lines.filter(({ event }) => event === 'decision').map(({ requestId }) => String(requestId));
  t.ok(await until(() => (decided().length > 500 ? true : undefined), 30_000), 'there is load');
  const before = decided().length;
  signal(handler.child, 'SIGTERM');
  t.equal(await handler.exited, 0);
  // What was answered last is still on its way.
  await sleep(1000);
  for (const asker of askers) signal(asker, 'SIGTERM');
  t.ok(
    decided().length > before,
    `${decided().length - before} requests were decided after SIGTERM, ${before} before`,
  );
  t.strictSame(
    decided().filter((requestId) => !answered.has(requestId)),
    [],
    'every request that was decided was answered',
  );
});

t.test('stack traces in the log show the lines of the source', async (t) => {
  const broken = 'data:text/javascript,crypto.subtle.sign=()=>{throw new Error("broken")}';
  const { run, handler } = await up(t, {}, ['--import', broken]);
  t.match(await run('cosigner'), { code: 1, output: /internal_error/ });
  const { err } = (await handler.line({ event: 'refused', code: 'internal_error' })) as {
    err?: { stack: string };
  };
  const [, line] = /src\/protocol\/token\.ts:(\d+)/.exec(err?.stack ?? '') ?? [];
  const source = readFileSync('src/protocol/token.ts', 'utf8').split('\n')[Number(line) - 1];
  t.match(source, /new SignJWT/, String(err?.stack));
});
