// Runs the services of docker/compose.yaml around the image's file tree, which `docker/verify-image.sh --tree` copies
// to the directory IMAGE_TREE. Needs root, nginx, moto and iproute2.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeCertificate } from '../../cli/aws/private-certificate.js';
import { compose, type Compose, type Started } from '../helpers/compose.js';
import type { Handler } from '../helpers/process.js';
import { until } from '../helpers/process.js';

const tree = process.env['IMAGE_TREE'] ?? '';
if (tree === '') throw new Error('IMAGE_TREE is not set: run docker/verify-image.sh --tree DIRECTORY first');

interface Up extends Compose {
  readonly handler: Handler;
  readonly front: Started;
}

/** Starts the services in the order of `docker compose up`. */
async function up(t: Test, variables: Record<string, string> = {}, nodeArgs: string[] = []): Promise<Up> {
  const services = await compose(t, tree, variables);
  services.start('aws');
  await services.healthy('aws');
  const seed = await services.run('seed');
  t.match(seed, { code: 0, output: /stored +\/fireblocks-callback\/local\/policy/ });
  const handler = services.startHandler(nodeArgs);
  await services.healthy('handler');
  const front = services.start('tls');
  await services.healthy('tls');
  return { ...services, handler, front };
}

t.test('the Co-signer gets a verified decision over TLS', async (t) => {
  const { run, handler } = await up(t);
  const request = await run('cosigner');
  t.match(request, {
    code: 0,
    output: /POST https:\/\/callback\.internal\/v2\/tx_sign_request[^]*Response APPROVE/,
  });
  t.match(request.output, /signature and requestId verified/);
  t.match(await handler.line({ event: 'decision' }), {
    rule: 'small-internal',
    traceId: /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/,
  });
  t.match(await run('cosigner', ['config']), { code: 0, output: /Response IGNORE/ });
  t.match(await run('cosigner', ['--tamper', 'hmac']), { code: 1, output: /invalid_token/ });
  t.match(
    await run('cosigner', ['--json-mode']),
    { code: 1, output: /not_found/ },
    'JSON requests are not supported',
  );
});

t.test('the Co-signer rejects a certificate from another CA', async (t) => {
  const { run } = await up(t);
  // The Co-signer mounts this volume.
  writeFileSync(join(t.testdirName, 'keys/other-ca.pem'), (await makeCertificate('callback.internal')).ca);
  t.match(await run('cosigner', ['--ca', '/run/keys/other-ca.pem']), {
    code: 1,
    output: /NOT VERIFIED.*(signature|certificate)/,
  });
});

t.test('the Co-signer gets a decision over TLS in JSON mode', async (t) => {
  const { run, handler } = await up(t, { CALLBACK_AUTH: 'json' });
  t.match(await run('cosigner', ['--json-mode']), { code: 0, output: /Response APPROVE/ });
  t.ok(handler.lines.some(({ event }) => event === 'json_mode'));
  t.match(await run('cosigner'), { code: 1, output: /not_found/ }, 'JWT requests are not supported');
});

t.test('under load, answers every received request after PID 1 receives SIGTERM', async (t) => {
  const { start, signal, handler, front } = await up(t);
  const cosigners = Array.from({ length: 6 }, () => start('cosigner', ['--count', '1000000', '--json']));
  const answered = (): Set<string> =>
    new Set(
      cosigners
        // The last line may be incomplete.
        .flatMap(({ output }) => output().split('\n').slice(0, -1))
        .map((line) => JSON.parse(line) as { verified: boolean; request: { requestId: string } })
        .filter(({ verified }) => verified)
        .map(({ request }) => request.requestId),
    );
  const decided = (): string[] =>
    handler.lines.filter(({ event }) => event === 'decision').map(({ requestId }) => String(requestId));
  const unanswered = (): string[] => {
    const ids = answered();
    return decided().filter((requestId) => !ids.has(requestId));
  };

  // The emulated store takes most of the time.
  t.ok(await until(() => (decided().length > 100 ? true : undefined), 60_000), 'the handler is under load');
  const before = decided().length;
  signal(handler.child, 'SIGTERM');
  t.equal(await handler.exited, 0);
  await until(() => (unanswered().length === 0 ? true : undefined), 10_000);
  for (const { child } of cosigners) signal(child, 'SIGTERM');
  t.ok(
    decided().length > before,
    `${decided().length - before} requests were decided after SIGTERM, ${before} before`,
  );
  t.strictSame(unanswered(), [], 'every decided request was answered');
  t.notMatch(front.output(), /prematurely closed/, 'no accepted connection was closed before its answer');
});

t.test('stack traces in the log point to lines in the source', async (t) => {
  // Only signing with a callback, which answers use: the key is checked at startup.
  const breakSigning =
    'data:text/javascript,import crypto from "node:crypto";import {syncBuiltinESMExports as sync} from "node:module";const{sign}=crypto;crypto.sign=(...args)=>{if(args.length>3)throw new Error("broken");return sign(...args)};sync()';
  const { run, handler } = await up(t, {}, ['--import', breakSigning]);
  t.match(await run('cosigner'), { code: 1, output: /internal_error/ });
  const { err } = (await handler.line({ event: 'refused', code: 'internal_error' })) as {
    err?: { stack: string };
  };
  const [, line] = /src\/protocol\/sign-answer\.ts:(\d+)/.exec(err?.stack ?? '') ?? [];
  const source = readFileSync('src/protocol/sign-answer.ts', 'utf8').split('\n')[Number(line) - 1];
  t.match(source, /signAsync\(/, String(err?.stack));
});
