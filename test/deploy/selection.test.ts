// Tests that deployments of selected stacks follow the plan that --dry-run prints.
import t from 'tap';
import { accountAt } from '../helpers/aws.js';
import { awsProxy, isMutating, parameter } from '../helpers/aws-proxy.js';
import { emulateCodeBuild } from '../helpers/codebuild.js';
import { motoServer } from '../helpers/moto.js';
import { workspace } from '../helpers/operator.js';

// Runs dozens of deployments.
t.setTimeout(900_000);

interface Result {
  readonly steps: readonly {
    readonly step: string;
    readonly action: string;
    readonly details: readonly string[];
  }[];
}

t.test('deploys selected stacks as planned', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  proxy.before = emulateCodeBuild(moto.endpoint);
  const account = accountAt(moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({});

  /** Each case starts from the result of the previous one. */
  const cases: readonly {
    args: readonly string[];
    steps: Readonly<Record<string, string>>;
    stacks: readonly string[];
  }[] = [
    { args: ['--only-stacks', 'foundation'], steps: { foundation: 'create' }, stacks: ['foundation'] },
    {
      args: ['--only-stacks', 'security,foundation'],
      steps: { foundation: 'none', security: 'create' },
      stacks: ['foundation', 'security'],
    },
    {
      args: ['--skip-stacks', 'callback'],
      steps: { foundation: 'none', security: 'none', image: 'create', build: 'build' },
      stacks: ['foundation', 'image', 'security'],
    },
    {
      args: ['--from-stack', 'image'],
      steps: {
        // The service-linked roles, before the first stack.
        image: 'update',
        build: 'none',
        scan: 'wait',
        keys: 'create',
        certificate: 'create',
        callback: 'create',
        service: 'wait',
      },
      stacks: ['callback', 'foundation', 'image', 'security'],
    },
    {
      args: ['--only-stacks', 'callback'],
      steps: { keys: 'none', certificate: 'none', callback: 'none', service: 'none' },
      stacks: ['callback', 'foundation', 'image', 'security'],
    },
    {
      args: ['--only-stacks', 'callback', '--rotate-callback-key'],
      steps: { keys: 'rotate', certificate: 'none', callback: 'none', service: 'none' },
      stacks: ['callback', 'foundation', 'image', 'security'],
    },
  ];
  for (const { args, steps, stacks } of cases) {
    await t.test(`plans and deploys ${args.join(' ')}`, async (t) => {
      const before = await account.stacks();
      proxy.calls.length = 0;
      const plan = await place.json<Result>('deploy', '--dry-run', ...args);
      t.strictSame(proxy.calls.filter(isMutating), [], '--dry-run changes nothing');
      t.strictSame(await account.stacks(), before);
      t.strictSame(Object.fromEntries(plan.steps.map(({ step, action }) => [step, action])), steps);

      const done = await place.json<Result>('deploy', '--yes', ...args);
      t.strictSame(
        done.steps.map(({ step, action, details }) => ({ step, action, details })),
        plan.steps,
        'did what was planned',
      );
      const created = proxy.calls
        .filter((call) => call.action === 'CreateStack')
        .map((call) => parameter(call, 'StackName')?.replace('fireblocks-dev-', ''));
      t.strictSame(
        created,
        Object.entries(steps)
          .filter(([, action]) => action === 'create')
          .map(([step]) => step)
          .filter((step) => stacks.includes(step)),
      );
      t.strictSame(
        (await account.stacks()).map(({ name }) => name.replace('fireblocks-dev-', '')),
        stacks,
      );
    });
  }

  await t.test('shows the effect of changed settings, resource by resource', async (t) => {
    place.settings({ alarmEmail: 'ops@example.com', desiredCount: 2 });
    const { code, stdout } = await place.run('deploy', '--dry-run');
    t.equal(code, 0);
    t.match(stdout, /^callback +update: 4 to change$/m);
    t.match(stdout, /^ +change: Service\w+ \(AWS::ECS::Service\)$/m);
    t.match(stdout, /^ +create: \w+ \(AWS::SNS::Subscription\)$/m);
    t.match(stdout, /^service +wait until it is steady\n +tasks: 1 → 2$/m);
    t.match(stdout, /^security +nothing$/m);
    place.settings({});
  });

  await t.test('reports a usage error with the valid names, and changes nothing in AWS', async (t) => {
    proxy.calls.length = 0;
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['--only-stacks', 'lambda'], /not one of foundation, security, image, callback/],
      [
        ['--from-stack', 'image', '--only-stacks', 'image'],
        /'--only-stacks <names>' cannot be used with option '--from-stack <name>'/,
      ],
      [['-e', 'production'], /argument 'production' is invalid\. Allowed choices are dev, staging, prod/],
      [['--build', 'here'], /argument 'here' is invalid\. Allowed choices are codebuild, local/],
      [['--image-tag', 'no tag'], /"no tag" is not a valid image tag/],
      [
        ['--only-stacks', 'image', '--rotate-callback-key'],
        /applies to the callback stack, which is not selected/,
      ],
      [['--yess'], /unknown option '--yess'\n\(Did you mean --yes\?\)/],
      [['dev'], /too many arguments/],
      [
        ['-e', 'staging', '--only-stacks', 'callback'],
        /callback needs .*--only-stacks foundation,security,image,callback/,
      ],
      [[], /add --yes, or preview the changes with --dry-run/],
    ];
    // The last case asks for confirmation, but only if there is something to do.
    place.settings({ desiredCount: 2 });
    for (const [args, message] of cases) {
      const { code, stderr } = await place.run('deploy', ...args);
      t.equal(code, 2, args.join(' '));
      t.match(stderr, message);
      t.match(stderr, 'npm run deploy -- --help');
    }
    t.strictSame(proxy.calls.filter(isMutating), []);
  });
});
