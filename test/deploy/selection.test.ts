// Parts of a deployment: the plan that --dry-run prints is what then happens.
import t from 'tap';
import { accountAt } from '../helpers/aws.js';
import { awsProxy, isMutating, parameter } from '../helpers/aws-proxy.js';
import { playCodeBuild } from '../helpers/codebuild.js';
import { motoServer } from '../helpers/moto.js';
import { workspace } from '../helpers/operator.js';

// It starts a command, and with it the CDK, dozens of times.
t.setTimeout(900_000);

interface Answer {
  readonly steps: readonly {
    readonly step: string;
    readonly action: string;
    readonly details: readonly string[];
  }[];
}

t.test('a plan is what happens', async (t) => {
  const moto = await motoServer(t);
  const proxy = await awsProxy(t, moto.endpoint);
  proxy.before = playCodeBuild(moto.endpoint);
  const account = accountAt(moto.endpoint);
  const place = workspace(t, proxy.endpoint);
  place.settings({});

  /** Each goes on where the one before ended. */
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
        image: 'none',
        build: 'none',
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
    await t.test(args.join(' '), async (t) => {
      const before = await account.stacks();
      proxy.calls.length = 0;
      const plan = await place.json<Answer>('deploy', '--dry-run', ...args);
      t.strictSame(proxy.calls.filter(isMutating), [], 'nothing is touched');
      t.strictSame(await account.stacks(), before);
      t.strictSame(Object.fromEntries(plan.steps.map(({ step, action }) => [step, action])), steps);

      const done = await place.json<Answer>('deploy', '--yes', ...args);
      t.strictSame(
        done.steps.map(({ step, action, details }) => ({ step, action, details })),
        plan.steps,
        'what happened is what was planned',
      );
      const touched = proxy.calls
        .filter((call) => call.action === 'CreateStack')
        .map((call) => parameter(call, 'StackName')?.replace('fireblocks-dev-', ''));
      t.strictSame(
        touched,
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

  await t.test('a change of the settings is told resource by resource', async (t) => {
    place.settings({ alarmEmail: 'ops@example.com', desiredCount: 2 });
    const { code, stdout } = await place.run('deploy', '--dry-run');
    t.equal(code, 0);
    t.match(stdout, /^callback +update: 2 to change$/m);
    t.match(stdout, /^ +change: Service\w+ \(AWS::ECS::Service\)$/m);
    t.match(stdout, /^ +create: \w+ \(AWS::SNS::Subscription\)$/m);
    t.match(stdout, /^security +nothing$/m);
    place.settings({});
  });

  await t.test(
    'wrong use is told with the valid names, and nothing is asked of AWS that changes it',
    async (t) => {
      proxy.calls.length = 0;
      const wrong: readonly (readonly [readonly string[], RegExp])[] = [
        [['--only-stacks', 'lambda'], /none of foundation, security, image, callback/],
        [['--from-stack', 'image', '--only-stacks', 'image'], /keep one of them/],
        [['-e', 'production'], /--env takes one of dev, staging, prod, not "production"/],
        [['--build', 'here'], /--build takes codebuild or local/],
        [['--image-tag', 'no tag'], /can't be the tag of an image/],
        [['--only-stacks', 'image', '--rotate-callback-key'], /about the callback stack/],
        [['--yess'], /Unknown option '--yess'/],
        [['dev'], /"dev" is no option/],
        [
          ['-e', 'staging', '--only-stacks', 'callback'],
          /callback needs .*--only-stacks foundation,security,image,callback/,
        ],
        [[], /say --yes, or look first with --dry-run|say --yes/],
      ];
      // Something to do, for the last of them to be asked about.
      place.settings({ desiredCount: 2 });
      for (const [args, message] of wrong) {
        const { code, stderr } = await place.run('deploy', ...args);
        t.equal(code, 2, args.join(' '));
        t.match(stderr, message);
        t.match(stderr, 'npm run deploy -- --help');
      }
      t.strictSame(proxy.calls.filter(isMutating), []);
    },
  );
});
