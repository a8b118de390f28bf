// Tests that an update is previewed with the values of parameters, and with the branches of conditions that apply.
import t from 'tap';
import { lossesOf, templatesOf } from '../../../cli/deploy/changes.js';
import { previewChanges } from '../../../cli/deploy/preview.js';
import type { DeploymentRun } from '../../../cli/deploy/step.js';
import { synthesize } from '../../helpers/stacks.js';

/** @param body of the template that is deployed and of the new one, with the parameters of the new one */
function runOf(before: unknown, after: unknown, parameters: Readonly<Record<string, string>>): DeploymentRun {
  return {
    session: { account: '123456789012' },
    templates: [{ name: 'callback', body: JSON.stringify(after), inputs: {} }],
    deployed: new Map([['callback', { parameters: {}, outputs: {} }]]),
    deployedTemplates: new Map([['callback', before]]),
    parameters: new Map([['callback', parameters]]),
  } as unknown as DeploymentRun;
}

t.test('a log group that is created on a condition which holds is no change of what uses it', (t) => {
  const after = synthesize('prod').stacks.find(({ name }) => name === 'callback')?.json;
  const before = JSON.parse(
    JSON.stringify(after)
      .replaceAll(/\{"Fn::If":\["Creates\w+",(\{"Ref":"\w+"\}),"[^"]+"\]\}/g, '$1')
      .replaceAll(/,"Condition":"Creates\w+"/g, ''),
  ) as unknown;
  t.notSame(before, after);
  const run = runOf(before, after, { CreateLog: 'true', CreateContainerInsights: 'true' });
  t.strictSame(lossesOf(run, 'callback'), []);
  const { before: from, after: to } = templatesOf(run, 'callback');
  t.strictSame(
    previewChanges(from, to).filter((line) => !line.startsWith('change: Log') && !line.includes('Insights')),
    [],
  );
  t.end();
});

t.test('a branch whose condition is not known stays as it is', (t) => {
  const Resources = { Topic: { Type: 'AWS::SNS::Topic', Properties: { A: { 'Fn::If': ['C', 1, 2] } } } };
  const unknown = {
    Parameters: { P: {} },
    Conditions: { C: { 'Fn::Equals': [{ Ref: 'P' }, 'x'] } },
    Resources,
  };
  t.match(templatesOf(runOf({}, unknown, {}), 'callback').after, { Resources });
  const chosen = (P: string) => templatesOf(runOf({}, unknown, { P }), 'callback').after;
  t.match(chosen('x'), { Resources: { Topic: { Properties: { A: 1 } } } });
  t.match(chosen('y'), { Resources: { Topic: { Properties: { A: 2 } } } });
  t.end();
});
