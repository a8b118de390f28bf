// Every combination of the choices that templates differ by: made without a warning, and past the AwsSolutions rules.
import { App, Stack, Validations } from 'aws-cdk-lib';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { AwsSolutionsChecks } from 'cdk-nag';
import t from 'tap';
import { ENVIRONMENT_NAMES } from '../../infra/names.js';
import { CHOICES, synthesize } from '../helpers/stacks.js';

/** All of them together, in ms. */
const LIMIT_MS = 120_000;

const networks = {
  'own VPC': {},
  'existing VPC': CHOICES.existingVpc,
  'existing endpoints': CHOICES.existingEndpoints,
};
const certificates = {
  'certificate by ARN': CHOICES.certificateByArn,
  'certificate by ACM': CHOICES.certificateByAcm,
  'private certificate': {},
};
const cosigners = { 'without Co-signer': {}, 'with Co-signer': CHOICES.cosigner };

const started = Date.now();
const acknowledged = new Map<string, string>();
for (const environment of ENVIRONMENT_NAMES) {
  t.test(`every combination in ${environment}`, (t) => {
    for (const [network, networkSettings] of Object.entries(networks)) {
      for (const [certificate, certificateSettings] of Object.entries(certificates)) {
        for (const [cosigner, cosignerSettings] of Object.entries(cosigners)) {
          const settings = { ...networkSettings, ...certificateSettings, ...cosignerSettings };
          const { app, warnings } = synthesize(t, environment, settings, new AwsSolutionsChecks());
          t.strictSame(warnings, [], `${network}, ${certificate}, ${cosigner}`);
          for (const construct of app.node.findAll()) {
            for (const { type, data } of construct.node.metadata) {
              if (type !== Validations.ACKNOWLEDGED_RULES_METADATA_KEY) continue;
              for (const [id, reason] of Object.entries(data as Record<string, string>)) {
                if (!id.startsWith('AwsSolutions::')) continue;
                const what = `${construct.node.path} ${id}`.replaceAll(environment, '<environment>');
                acknowledged.set(what, reason);
              }
            }
          }
        }
      }
    }
    t.end();
  });
}

t.test('with an account of its own, too', (t) => {
  t.strictSame(synthesize(t, 'prod', { account: '111122223333' }, new AwsSolutionsChecks()).warnings, []);
  t.end();
});

t.test('at most ten findings are let be, each with a reason', (t) => {
  t.comment([...acknowledged].map(([what, reason]) => `${what}: ${reason}`).join('\n'));
  t.ok(acknowledged.size > 0 && acknowledged.size <= 10, `${acknowledged.size}`);
  for (const reason of acknowledged.values()) t.ok(reason.length > 30, reason);
  t.end();
});

t.test('all of them take less than two minutes', (t) => {
  const took = Date.now() - started;
  t.ok(took < LIMIT_MS, `${took} ms`);
  t.end();
});

t.test('what breaks a rule is not made', (t) => {
  const app = new App({ outdir: t.testdir() });
  Validations.of(app).addPlugins(new AwsSolutionsChecks());
  new Bucket(new Stack(app, 'open'), 'Open');
  t.throws(() => app.synth(), { message: /Validation failed/ });
  t.end();
});
