// Checks values that the Dockerfile, compose.yaml and the code must agree on.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.js';
import { ROOT } from '../helpers/cli.js';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const dockerfile = read('Dockerfile');
const composeText = read('docker/compose.yaml');
const argument = (name: string): string | undefined =>
  new RegExp(`^ARG ${name}=(.+)$`, 'm').exec(dockerfile)?.[1];

t.test('the image’s version label defaults to the version in package.json', (t) => {
  t.equal(argument('VERSION'), (JSON.parse(read('package.json')) as { version: string }).version);
  t.end();
});

t.test('the base image is pinned to a version that matches compose.yaml and docs/image.md', (t) => {
  const base = argument('NODE_IMAGE') ?? '';
  t.match(base, /^node:24\.\d+\.\d+-/);
  t.ok(composeText.includes(`\${NODE_IMAGE:-${base}}`));
  t.ok(read('docs/image.md').includes(`\`${base}\``));
  t.end();
});

t.test('the dependencies are installed before the source is copied', (t) => {
  const order = ['COPY package.json package-lock.json', 'npm ci', 'COPY src', 'RUN node build.js'];
  const places = order.map((instruction) => dockerfile.indexOf(instruction));
  t.notOk(places.includes(-1));
  t.strictSame(
    places,
    [...places].sort((a, b) => a - b),
  );
  t.end();
});

t.test('the archive of the local copy has the name under which the SDK looks for it', (t) => {
  const { services } = parse(composeText, { merge: true }) as {
    services: {
      aws: { networks: { aws: { aliases: string[] } } };
      handler: { environment: Record<string, string> };
    };
  };
  const { STORE_ARCHIVE = '', AWS_ENDPOINT_URL = '' } = services.handler.environment;
  t.strictSame(services.aws.networks.aws.aliases, [
    `${new URL(STORE_ARCHIVE).hostname}.${new URL(AWS_ENDPOINT_URL).hostname}`,
  ]);
  t.end();
});

t.test('the container’s stop grace period exceeds the service’s shutdown timeout', (t) => {
  const { services } = parse(composeText, { merge: true }) as {
    services: { handler: { stop_grace_period: string } };
  };
  const env = { CALLBACK_PRIVATE_KEY_PARAMETER: 'a', COSIGNER_PUBLIC_KEY_PARAMETER: 'b' };
  const { shutdownTimeoutMs } = readConfig([], env);
  t.ok(parseInt(services.handler.stop_grace_period) * 1000 > shutdownTimeoutMs);
  t.end();
});
