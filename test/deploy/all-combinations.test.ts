// Tests the templates of all combinations of settings with the validators of CloudFormation and of the CDK.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { App, CloudFormationValidatePlugin } from 'aws-cdk-lib';
import t from 'tap';
import { ENVIRONMENT_NAMES } from '../../infra/names.js';
import { COMBINATIONS } from '../helpers/settings.js';
import { synthesize } from '../helpers/stacks.js';

const run = promisify(execFile);
const REGION = 'ap-northeast-1';

t.setTimeout(600_000);

t.test('templates of every combination pass validation', async (t) => {
  const directory = t.testdir();
  // Most templates are shared by several combinations.
  const templates = new Set(
    [
      ...ENVIRONMENT_NAMES.flatMap((environment) =>
        COMBINATIONS.map(({ changes }) => synthesize(environment, changes)),
      ),
      synthesize('prod', { account: '111122223333' }),
    ].flatMap(({ stacks }) => stacks.map(({ json }) => JSON.stringify(json))),
  );
  t.ok(templates.size > 50, `${templates.size} different templates`);
  const files = [...templates].map((template, index) => {
    const file = join(directory, `${index}.template.json`);
    writeFileSync(file, template);
    return file;
  });

  await t.test('cfn-lint reports no problems', async (t) => {
    const output = await run('cfn-lint', ['--include-checks', 'W', '--', ...files]);
    t.match(output, { stdout: /^$/, stderr: /^$/ });
  });

  // The validation that `cdk synth` runs.
  const validator = new CloudFormationValidatePlugin();
  const validate = (templatePaths: string[]) =>
    validator.validate({
      templatePaths,
      stackTemplates: templatePaths.map((templatePath) => ({
        stackConstructPath: templatePath,
        templatePath,
        accountId: undefined,
        region: REGION,
      })),
      appConstruct: new App({ outdir: join(directory, 'app') }),
    }).violations;

  t.test('CDK reports no problems', (t) => {
    // CloudFormation would check the other type's images at every update, so a withdrawn one would prevent any.
    t.strictSame(
      validate(files).filter(({ ruleName }) => ruleName !== 'W2506'),
      [],
    );
    t.end();
  });

  t.test('CDK reports an unknown property', (t) => {
    const file = join(directory, 'unknown-property.template.json');
    const topic = { Type: 'AWS::SNS::Topic', Properties: { Nmae: 'alarms' } };
    writeFileSync(file, JSON.stringify({ Resources: { Topic: topic } }));
    t.match(validate([file]), [{ description: /Nmae/ }]);
    t.end();
  });
});
