// Tests the preview of an update that --dry-run shows.
import t from 'tap';
import { previewChanges } from '../../../cli/deploy/preview.js';
import { synthesizeTemplates, type Template } from '../../../cli/deploy/templates.js';
import { checkSettings } from '../../../infra/settings.js';
import { CHOICES, EXAMPLE, type Json } from '../../helpers/settings.js';

function template(changes: Json, name = 'callback'): Template {
  const found = synthesizeTemplates('dev', checkSettings({ ...EXAMPLE, ...changes }, 'dev')).find(
    (one) => one.name === name,
  );
  if (found === undefined) throw new Error(`there is no stack ${name}`);
  return found;
}

function preview(before: Json, after: Json): readonly string[] {
  return previewChanges(JSON.parse(template(before).body), JSON.parse(template(after).body));
}

t.test('shows what is created, changed, replaced and deleted', (t) => {
  t.strictSame(preview({}, {}), []);
  t.match(preview({ desiredCount: 2 }, { desiredCount: 3 }), [
    /^change: \w+taskmissing\w+ \(AWS::CloudWatch::Alarm\)$/,
    /^change: 1 in parameters/,
  ]);
  t.match(preview({}, { alarmEmail: 'a@example.com' }), [/^create: \w+ \(AWS::SNS::Subscription\)$/]);
  t.match(preview({ alarmEmail: 'a@example.com' }, {}), [/^delete: \w+ \(AWS::SNS::Subscription\)$/]);
  const moved = preview({}, { hostName: 'handler.internal' });
  t.ok(moved.some((line) => /^replace: Zone\w* \(AWS::Route53::HostedZone\)$/.test(line)));
  t.ok(moved.some((line) => line.endsWith('in parameters, outputs or the description')));
  t.end();
});

t.test('templates list the stacks that they depend on, and fit in a request', (t) => {
  t.strictSame(template({}).needs, ['foundation', 'security', 'image']);
  t.strictSame(template({}, 'foundation').needs, []);
  const { parameters, inputs } = template({});
  t.strictSame(
    parameters.filter((name) => inputs[name] === undefined),
    ['CertificateArn', 'ImageTag', 'DesiredCount'],
  );
  t.match(inputs, {
    FoundationVpc: { stack: 'foundation', output: 'Vpc' },
    SecurityKeyArn: { stack: 'security', output: 'KeyArn' },
    ImageRepository: { stack: 'image', output: 'Repository' },
  });
  for (const one of synthesizeTemplates('prod', checkSettings({ ...EXAMPLE, ...CHOICES.cosigner }, 'prod'))) {
    t.ok(Buffer.byteLength(one.body) < 51_200, one.stackName);
    t.ok(one.terminationProtection);
  }
  t.end();
});
