// Runs the commands of docs/permissions.md that create the policies and CloudFormation's role, against an emulator.
import { execFile } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  GetPolicyVersionCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListPoliciesCommand,
} from '@aws-sdk/client-iam';
import t from 'tap';
import { documentOf } from '../docs/documents.js';
import { clientOptions } from '../helpers/aws.js';
import { ROOT } from '../helpers/cli.js';
import { motoServer } from '../helpers/moto.js';
import { REGION } from '../helpers/operator.js';
import { fillIn, publishedPolicies } from '../helpers/published.js';

const run = promisify(execFile);

t.test('an administrator creates the policies and the role as documented', async (t) => {
  const moto = await motoServer(t);
  const iam = new IAMClient(clientOptions(moto.endpoint));
  const [block] = documentOf('docs/permissions.md').blocks.filter(({ language }) => language === 'sh');
  const cwd = t.testdir();
  symlinkSync(join(ROOT, 'infra'), join(cwd, 'infra'));
  // An administrator is not an operator, whose calls are recorded.
  const env = { ...moto.env, PATH: process.env['PATH'], HOME: cwd, AWS_DEFAULT_REGION: REGION };
  await run('bash', ['-euo', 'pipefail', '-c', block?.lines.join('\n') ?? ''], { cwd, env });

  const { Policies = [] } = await iam.send(new ListPoliciesCommand({ Scope: 'Local' }));
  const published = publishedPolicies('');
  t.strictSame(
    Policies.map(({ PolicyName }) => PolicyName).sort(),
    published.map(({ name }) => `fireblocks-dev-${name}`).sort(),
  );
  const placeholders = { ACCOUNT: '123456789012', REGION, PROJECT: 'fireblocks', ENVIRONMENT: 'dev' };
  for (const { name, statements } of published) {
    const PolicyArn = `arn:aws:iam::123456789012:policy/fireblocks-dev-${name}`;
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
    const document = JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? '{}')) as {
      Statement?: unknown;
    };
    t.strictSame(document.Statement, fillIn(statements, placeholders), `${name}, without placeholders`);
  }
  const { AttachedPolicies = [] } = await iam.send(
    new ListAttachedRolePoliciesCommand({ RoleName: 'cloudformation-fireblocks-dev' }),
  );
  t.strictSame(
    AttachedPolicies.map(({ PolicyName }) => PolicyName).sort(),
    publishedPolicies('cloudformation').map(({ name }) => `fireblocks-dev-${name}`),
  );
});
