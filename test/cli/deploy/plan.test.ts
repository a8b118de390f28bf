// Tests how options select stacks.
import t from 'tap';
import { assertNeeds, selectStacks, type Selection } from '../../../cli/deploy/plan.js';
import type { DeployedStack } from '../../../cli/aws/stack.js';
import type { Template } from '../../../cli/deploy/templates.js';
import { STACK_NAMES, type StackName, stackNames } from '../../../infra/names.js';
import { UsageError } from '../../../cli/command.js';

const WITHOUT_COSIGNER = stackNames({ cosigner: false });

t.test('selects stacks in deployment order', (t) => {
  const cases: readonly [Selection, readonly StackName[]][] = [
    [{}, ['foundation', 'security', 'image', 'callback']],
    [{ fromStack: 'image' }, ['image', 'callback']],
    [{ fromStack: 'callback' }, ['callback']],
    [{ onlyStacks: 'callback,foundation' }, ['foundation', 'callback']],
    [{ onlyStacks: ' image , image ' }, ['image']],
    [{ skipStacks: 'image' }, ['foundation', 'security', 'callback']],
    [{ fromStack: 'security', skipStacks: 'image,callback' }, ['security']],
    [{ onlyStacks: 'image,callback', skipStacks: 'foundation' }, ['image', 'callback']],
  ];
  for (const [selection, expected] of cases) {
    t.strictSame(selectStacks(selection, WITHOUT_COSIGNER), expected, JSON.stringify(selection));
  }
  t.strictSame(selectStacks({ fromStack: 'callback' }, STACK_NAMES), [
    'callback',
    'api',
    'console',
    'cosigner',
  ]);
  t.end();
});

t.test('rejects an invalid selection, and lists the valid names', (t) => {
  const cases: readonly [Selection, RegExp][] = [
    [
      { onlyStacks: 'imag' },
      /"imag" is not one of foundation, security, image, callback: did you mean image\?/,
    ],
    [
      { skipStacks: 'lambda' },
      /--skip-stacks: "lambda" is not one of foundation, security, image, callback$/,
    ],
    [{ fromStack: 'image,callback' }, /--from-stack takes one of foundation/],
    [{ fromStack: '' }, /--from-stack takes one of/],
    [{ onlyStacks: ',' }, /--only-stacks takes one or more of/],
    [
      { onlyStacks: 'image,callback', skipStacks: 'image' },
      /image is in both --only-stacks and --skip-stacks/,
    ],
    [{ fromStack: 'callback', skipStacks: 'callback' }, /select no stack/],
    [{ onlyStacks: 'cosigner' }, /"cosigner" is not one of foundation, security, image, callback/],
  ];
  for (const [selection, message] of cases) {
    const select = () => selectStacks(selection, WITHOUT_COSIGNER);
    const thrown = t.throws(select, { message }, JSON.stringify(selection));
    t.ok(thrown instanceof UsageError);
  }
  t.end();
});

t.test('requires every stack that a stack imports from to be deployed or selected', (t) => {
  const template = (name: StackName, needs: readonly StackName[]) => ({ name, needs }) as Template;
  const templates = [
    template('foundation', []),
    template('security', ['foundation']),
    template('callback', ['foundation', 'security']),
  ];
  const deployed = (...stacks: [StackName, string][]) =>
    new Map(stacks.map(([name, status]) => [name, { status } as DeployedStack]));
  t.doesNotThrow(() => assertNeeds(['foundation', 'security', 'callback'], templates, deployed()));
  t.doesNotThrow(() =>
    assertNeeds(
      ['callback'],
      templates,
      deployed(['foundation', 'CREATE_COMPLETE'], ['security', 'UPDATE_ROLLBACK_COMPLETE']),
    ),
  );
  t.throws(() => assertNeeds(['callback'], templates, deployed(['foundation', 'CREATE_COMPLETE'])), {
    message: /callback needs security, which is not deployed: use --only-stacks security,callback/,
  });
  t.throws(() => assertNeeds(['callback'], templates, deployed(['foundation', 'ROLLBACK_COMPLETE'])), {
    message: /callback needs foundation and security, which are not deployed/,
  });
  t.end();
});
