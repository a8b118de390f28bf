// Tests `--build local` with a program that stands in for a container engine and records how it is called.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { motoServer } from '../helpers/moto.js';
import { type Workspace, workspace } from '../helpers/operator.js';

function fakeEngine(place: Workspace, build: string): void {
  const program = join(place.directory, 'home', 'docker');
  writeFileSync(
    program,
    `#!/bin/sh
echo "$@" >>"$HOME/calls"
case $1 in
login) cat >"$HOME/password" ;;
build) echo "$BUILDX_NO_DEFAULT_ATTESTATIONS" >"$HOME/attestations"; for context; do :; done; ls -A "$context" >"$HOME/context"; ${build} ;;
esac
`,
  );
  chmodSync(program, 0o755);
  place.environment['PATH'] = `${join(place.directory, 'home')}:${process.env['PATH'] ?? ''}`;
}

const moto = await motoServer(t);

t.test('builds the committed tree, and pushes it to the repository', async (t) => {
  await moto.reset();
  const place = workspace(t, moto.endpoint);
  const read = (name: string): string => readFileSync(join(place.directory, 'home', name), 'utf8');
  writeFileSync(join(place.directory, 'not-committed'), 'x');
  fakeEngine(place, 'true');
  const args = ['--yes', '--build', 'local', '--only-stacks', 'foundation,security,image'];
  const { code, stderr } = await place.run('deploy', ...args);
  t.equal(code, 0, stderr);

  const registry = '123456789012.dkr.ecr.ap-northeast-1.amazonaws.com';
  const image = `${registry}/fireblocks-callback-dev:${place.tag}`;
  const [info, login, build, push] = read('calls').trim().split('\n');
  t.equal(info, 'info');
  t.match(login, new RegExp(`^login --username AWS --password-stdin .*${registry}$`));
  t.match(build, `build --platform linux/amd64 --build-arg REVISION=${place.tag} --tag ${image} `);
  t.equal(push, `push ${image}`);
  t.match(read('password'), /^.+$/, 'the password is passed on standard input');
  t.notMatch(read('calls'), read('password'), 'and not in an argument');
  t.equal(read('attestations').trim(), '1', 'docker pushes one manifest, without attestations');
  t.match(read('context'), 'policy.yaml');
  t.notMatch(read('context'), 'not-committed');
});

t.test('builds the image for Lambda, and with a console that for Fargate too', async (t) => {
  await moto.reset();
  const place = workspace(t, moto.endpoint);
  place.settings({ compute: 'lambda', console: { clientCidrs: ['172.20.0.0/16'] } });
  fakeEngine(place, 'true');
  const args = ['--yes', '--build', 'local', '--only-stacks', 'foundation,security,image'];
  const { code, stdout, stderr } = await place.run('deploy', ...args);
  t.equal(code, 0, stderr);
  t.match(stdout, `build images ${place.tag}-lambda and ${place.tag} with docker or podman`);
  const calls = readFileSync(join(place.directory, 'home', 'calls'), 'utf8')
    .trim()
    .split('\n');
  t.match(calls.slice(2), [
    new RegExp(`^build .*--build-arg REVISION=${place.tag} --target lambda --tag \\S+:${place.tag}-lambda `),
    new RegExp(`^push \\S+:${place.tag}-lambda$`),
    new RegExp(`^build .*--build-arg REVISION=${place.tag} --tag \\S+:${place.tag} `),
    new RegExp(`^push \\S+:${place.tag}$`),
  ]);
});

t.test('reports a failed build with its last output', async (t) => {
  await moto.reset();
  const place = workspace(t, moto.endpoint);
  fakeEngine(place, 'echo "npm error 404" >&2; exit 7');
  const { code, stderr } = await place.run('deploy', '--yes', '--build', 'local');
  t.equal(code, 1);
  t.match(stderr, 'docker build exited with code 7');
  t.match(stderr, 'npm error 404');
  t.match(stderr, 'continue with: npm run deploy -- --build local --yes --env dev');
});
