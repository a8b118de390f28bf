// The steps of a deployment: each tells what it would do, and does it. A step that has nothing to do does nothing, so
// that a deployment that was interrupted is simply run again.
import { readFile } from 'node:fs/promises';
import { POLICY_FILE } from '../../src/config.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { PolicyError } from '../../src/policy/parse/problem.js';
import type { StackName } from '../../infra/names.js';
import {
  type Certificate,
  checkGivenCertificate,
  describeCertificate,
  findImported,
  importNewCertificate,
  isFor,
  WARNING_DAYS,
} from '../aws/acm.js';
import { applyCallbackKey, inspectCallbackKey, short } from './callback-key.js';
import {
  actionFor,
  conditionOf,
  deployedBody,
  type DeployedStack,
  deployStack,
  type StackEvent,
} from '../aws/cloudformation.js';
import { DeployError } from '../aws/error.js';
import { buildLocally, buildWithCodeBuild, imageExists } from './image.js';
import { putParameter, readParameter } from '../aws/parameters.js';
import { previewChanges } from './preview.js';
import { awsCommand, npmCommand } from '../aws/printed-commands.js';
import { removeStack } from '../aws/removal.js';
import { describeService, explainStoppedTask, isSteady, neverRuns, waitUntilSteady } from '../aws/service.js';
import type { Session } from '../aws/session.js';
import type { Template } from './templates.js';

export type StepName = StackName | 'keys' | 'certificate' | 'build' | 'service';
export type Action = 'create' | 'update' | 'recreate' | 'rotate' | 'renew' | 'build' | 'wait' | 'none';

export interface Change {
  readonly action: Action;
  /** In a few words. */
  readonly summary: string;
  /** What exactly, a line each. */
  readonly details: readonly string[];
}

export type Report = (line: string) => void;

export interface Step {
  readonly name: StepName;
  inspect(): Promise<Change>;
  /** Does what was found to be done. */
  apply(report: Report): Promise<void>;
}

export interface DeployOptions {
  readonly rotateCallbackKey: boolean;
  readonly renewCertificate: boolean;
  readonly build: 'codebuild' | 'local';
  /** Of an image that is there; otherwise one is built. */
  readonly givenTag: string | undefined;
  /** Of the image that the service is to run. */
  readonly tag: string;
}

export interface Deploying {
  readonly session: Session;
  readonly templates: readonly Template[];
  readonly selected: readonly StackName[];
  /** As they are now; kept up to date by the steps. */
  readonly deployed: Map<StackName, DeployedStack>;
  readonly options: DeployOptions;
  /** What the steps that were inspected would do. */
  readonly actions: Map<StepName, Action>;
  /** What the operator should know in the end. */
  readonly notes: string[];
}

export function stepsOf(deploying: Deploying): readonly Step[] {
  const { session, templates, selected, options } = deploying;
  const certificate = certificateStep(deploying);
  return templates
    .filter(({ name }) => selected.includes(name))
    .flatMap((template): Step[] => {
      const stack = (parameters = () => ({})) => stackStep(deploying, template, parameters);
      if (template.name === 'image')
        return [stack(), ...(options.givenTag === undefined ? [buildStep(deploying)] : [])];
      if (template.name !== 'callback') return [stack()];
      return [
        keysStep(deploying),
        ...(session.settings.certificate === 'private' || 'arn' in session.settings.certificate
          ? [certificate]
          : []),
        stack(() => ({
          ImageTag: options.tag,
          ...(certificate.arn() !== undefined && { CertificateArn: certificate.arn() }),
        })),
        serviceStep(deploying),
      ];
    });
}

function stackStep(
  { session, deployed, actions }: Deploying,
  template: Template,
  parametersOf: () => Readonly<Record<string, string | undefined>>,
): Step {
  const { cloudformation } = session.aws;
  const parameters = (): Record<string, string> =>
    Object.fromEntries(
      Object.entries(parametersOf()).flatMap(([name, value]) =>
        value !== undefined && template.parameters.includes(name) ? [[name, value]] : [],
      ),
    );
  return {
    name: template.name,
    async inspect() {
      const current = deployed.get(template.name);
      const action = await actionFor(cloudformation, template, parameters(), current);
      actions.set(template.name, action);
      if (action === 'none') return { action, summary: 'nothing', details: [] };
      if (action !== 'update' || current === undefined) {
        const instead = action === 'recreate' ? `delete what is ${current?.status ?? 'stuck'}, then ` : '';
        return { action, summary: `${instead}create ${template.resources} resources`, details: [] };
      }
      const details = [
        ...Object.entries(parameters())
          .filter(([name, value]) => current.parameters[name] !== value)
          .map(([name, value]) => `${name}: ${current.parameters[name] ?? 'none'} → ${value}`),
        ...previewChanges(await deployedBody(cloudformation, template.stackName), JSON.parse(template.body)),
        ...(template.name === 'cosigner' && session.settings.cosignerImageId === undefined
          ? [
              'perhaps replace: the instance, if Amazon has a newer image; cosignerImageId in the settings keeps it',
            ]
          : []),
      ];
      return {
        action,
        summary: `update: ${details.length || 1} to change`,
        details: details.length > 0 ? details : ['tags or protection'],
      };
    },
    async apply(report) {
      let explained: Promise<readonly string[]> | undefined;
      const follow = progressOf(template.resources, (line, event) => {
        report(line);
        // Now, for the log goes with the stack when CloudFormation takes it back.
        if (event.type === 'AWS::ECS::Service' && event.status.endsWith('_FAILED')) {
          explained ??= explainStoppedTask(session).catch(() => []);
        }
      });
      const current = deployed.get(template.name);
      if (current !== undefined && conditionOf(current) === 'stuck') {
        await removeStack(session, current, { report, onEvent: follow });
        deployed.delete(template.name);
      }
      try {
        deployed.set(template.name, await deployStack(cloudformation, template, parameters(), follow));
      } catch (error) {
        if (!(error instanceof DeployError)) throw error;
        const events = awsCommand(
          session,
          `cloudformation describe-stack-events --stack-name ${template.stackName}`,
        );
        const next = `${error.next}; all events: ${events}`;
        throw new DeployError(error.code, error.message, next, (await explained) ?? []);
      }
    },
  };
}

/** Counts the resources that are done. */
function progressOf(total: number, report: (line: string, event: StackEvent) => void) {
  const done = new Set<string>();
  return (event: StackEvent): void => {
    const { resource, type, status, reason } = event;
    if (status.endsWith('_COMPLETE') && type !== 'AWS::CloudFormation::Stack') done.add(resource);
    const count = `${done.size}/${total}`;
    report(
      [count, type, resource, status, ...(reason === undefined ? [] : [`(${reason})`])].join(' '),
      event,
    );
  };
}

function keysStep({ session, options, notes }: Deploying): Step {
  const { names } = session;
  const readPolicies = async () => {
    const stored = await readParameter(session, names.parameters.policy);
    if (stored === undefined) {
      const text = await readFile(POLICY_FILE, 'utf8');
      assertSound(text, POLICY_FILE, `npm run policy -- check tells all of it; mend ${POLICY_FILE}`);
      return { stored, text };
    }
    const next = `put a sound one there: ${npmCommand(session, 'policy', 'push')}`;
    assertSound(stored, names.parameters.policy, next);
    return { stored, text: stored };
  };
  return {
    name: 'keys',
    async inspect() {
      const [key, { stored: policy }] = await Promise.all([
        inspectCallbackKey(session, options.rotateCallbackKey),
        readPolicies(),
      ]);
      const details = [
        ...(key.makesPair ? [`make a key pair in ${session.keyDirectory}`] : []),
        ...(key.action === 'create' && !key.makesPair
          ? [`use the key pair of ${session.keyDirectory}, ${short(key.local?.fingerprint)}`]
          : []),
        ...(key.action === 'create'
          ? [`put its private key into ${names.parameters.callbackPrivateKey}`]
          : []),
        ...(key.action === 'rotate'
          ? [
              `put ${key.makesPair ? 'it' : `the key of ${key.file} (${short(key.local?.fingerprint)})`} in place of ${short(key.stored?.fingerprint) || 'what is there'}, in ${names.parameters.callbackPrivateKey}`,
            ]
          : []),
        ...(policy === undefined ? [`put ${POLICY_FILE} into ${names.parameters.policy}`] : []),
      ];
      const action = key.action !== 'none' ? key.action : policy === undefined ? 'create' : 'none';
      const summary = [
        ...(key.makesPair ? ['make a key pair'] : []),
        ...(key.action === 'create' ? ['put the private key into SSM'] : []),
        ...(key.action === 'rotate' ? ['put it in place of the one in SSM'] : []),
        ...(policy === undefined ? ['put the policy into SSM'] : []),
      ];
      return { action, summary: summary.join(', ') || 'nothing', details };
    },
    async apply(report) {
      const key = await inspectCallbackKey(session, options.rotateCallbackKey);
      if (key.action !== 'none') {
        const { fingerprint } = await applyCallbackKey(session, key);
        report(`callback key ${short(fingerprint)} is in ${names.parameters.callbackPrivateKey}`);
        if (key.action === 'rotate') {
          notes.push(
            'The callback key was rotated: the service takes it up within a minute. Give the Co-signer the new public key now; until it has it, it accepts no answer.',
          );
        }
      }
      const { stored, text } = await readPolicies();
      if (stored === undefined) {
        await putParameter(session, names.parameters.policy, { value: text, replace: false });
        report(`${POLICY_FILE} is in ${names.parameters.policy}`);
      }
    },
  };
}

/** For a certificate of one's own, and for one that is there. */
function certificateStep({
  session,
  deployed,
  options,
  notes,
}: Deploying): Step & { arn(): string | undefined } {
  const { certificate: setting, hostName } = session.settings;
  let arn: string | undefined;
  const find = async () => {
    const known = deployed.get('callback')?.parameters['CertificateArn'];
    const inUse = known === undefined ? undefined : await describeCertificate(session, known);
    const candidates = [...(inUse === undefined ? [] : [inUse]), ...(await findImported(session))];
    return candidates.find((one) => isFor(one, hostName));
  };
  const warn = ({ daysLeft, imported }: Certificate, what: string): void => {
    // ACM renews what it issued.
    if (!imported || daysLeft === undefined || daysLeft >= WARNING_DAYS) return;
    notes.push(`The certificate of ${hostName} expires in ${daysLeft} days: ${what}.`);
  };
  return {
    name: 'certificate',
    arn: () => arn,
    async inspect() {
      if (setting !== 'private') {
        if ('arn' in setting) warn(await checkGivenCertificate(session, setting.arn), 'have it renewed');
        return { action: 'none', summary: 'nothing', details: [] };
      }
      const found = await find();
      arn = found?.arn;
      if (found === undefined) {
        const summary = `make a CA and a certificate for ${hostName}, import it into ACM`;
        return { action: 'create', summary, details: [] };
      }
      if (options.renewCertificate) {
        const summary = `put a new certificate, of a new CA, in place of the one that expires in ${found.daysLeft ?? '?'} days`;
        return { action: 'renew', summary, details: [] };
      }
      warn(found, '--renew-certificate puts a new one in its place, which the Co-signer must be given');
      return { action: 'none', summary: 'nothing', details: [] };
    },
    async apply(report) {
      arn = await importNewCertificate(session, (await find())?.arn);
      report(`imported as ${arn}`);
      if (options.renewCertificate) {
        notes.push(
          'The certificate was renewed: give the Co-signer the new one now; until it has it, it does not connect.',
        );
      }
    },
  };
}

function buildStep({ session, deployed, actions, options, notes }: Deploying): Step {
  const { tag, build } = options;
  return {
    name: 'build',
    async inspect() {
      // With its stack the repository goes, too.
      const isThere = actions.get('image') !== 'recreate' && (await imageExists(session, tag));
      if (isThere) return { action: 'none', summary: 'nothing', details: [] };
      // What an emulator has not built it does not build the next time either.
      if (session.emulated && deployed.get('callback')?.parameters['ImageTag'] === tag) {
        return { action: 'none', summary: 'nothing', details: [] };
      }
      const how = build === 'local' ? 'with docker or podman' : 'with CodeBuild';
      return { action: 'build', summary: `build image ${tag} ${how}`, details: [] };
    },
    async apply(report) {
      const outputs = deployed.get('image')?.outputs ?? {};
      if (build === 'local') {
        await buildLocally(session, tag, {
          repositoryUri: outputs['RepositoryUri'] ?? '',
          onProgress: report,
        });
        return;
      }
      const built = await buildWithCodeBuild(session, tag, {
        sourceBucket: outputs['SourceBucket'] ?? '',
        onProgress: report,
      });
      if (built) return;
      notes.push('The endpoint is an emulator without CodeBuild: no image was built.');
      report('no image was built: the endpoint is an emulator without CodeBuild');
    },
  };
}

function serviceStep({ session, actions, notes }: Deploying): Step {
  return {
    name: 'service',
    async inspect() {
      const state = await describeService(session);
      if (state === undefined)
        return { action: 'wait', summary: 'wait until its task is healthy', details: [] };
      const changes = actions.get('callback') !== 'none';
      if (!changes && (isSteady(state) || neverRuns(session, state)))
        return { action: 'none', summary: 'nothing', details: [] };
      return { action: 'wait', summary: 'wait until it is steady', details: [] };
    },
    async apply(report) {
      const state = await waitUntilSteady(session, { onProgress: report });
      if (neverRuns(session, state)) {
        notes.push('The endpoint is an emulator that runs no task: its health was not waited for.');
        report('the endpoint is an emulator that runs no task');
      }
    },
  };
}

/** @throws {DeployError} for a policy that a service would not start with */
function assertSound(text: string, where: string, next: string): void {
  try {
    parsePolicy(text, where);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new DeployError(
      'POLICY_UNSOUND',
      `${where} can't be used as the policy`,
      next,
      error.brief.report.split('\n'),
    );
  }
}
