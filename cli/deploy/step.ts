// Types shared by the steps of a deployment.
import type { StackName } from '../../infra/names.js';
import type { DeployError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import type { TemplateBody } from './templates.js';
import type { Transition } from './transition.js';
import type { Template } from './templates.js';

export type StepName =
  | StackName
  | 'keys'
  | 'certificate'
  | 'build'
  | 'scan'
  | 'service'
  | 'function health'
  | 'function version'
  | 'console service'
  // What a replaced function, task or API needed is removed once nothing uses it any more.
  | `${StackName} again`;
export type Action =
  'create' | 'update' | 'recreate' | 'rotate' | 'renew' | 'build' | 'wait' | 'delete' | 'none';

/** The changes that a step would make. */
export interface Change {
  readonly action: Action;
  /** The changes in a few words. */
  readonly summary: string;
  /** One line for each change. */
  readonly details: readonly string[];
  /** Why the deployment is refused before it changes anything; a dry run only shows it. */
  readonly refusal?: DeployError;
}

export const NO_CHANGE: Change = { action: 'none', summary: 'nothing', details: [] };

/** Shows a progress message. */
export type Report = (line: string) => void;

/** A step whose work is already done changes nothing, so an interrupted deployment is resumed by running it again. */
export interface Step {
  readonly name: StepName;
  /** Determines the changes, without making any. */
  inspect(): Promise<Change>;
  /** Makes the changes that `inspect` determined. */
  apply(report: Report): Promise<void>;
}

export type BuildMethod = 'codebuild' | 'local';

export interface DeploymentOptions {
  readonly rotateCallbackKey: boolean;
  readonly renewCertificate: boolean;
  readonly build: BuildMethod;
  /** Tag of an existing image to run. If undefined, an image is built. */
  readonly givenTag: string | undefined;
  /** Names of critical findings in the image that the operator accepts. */
  readonly acceptedFindings: readonly string[];
  /** Tag of the image that the handler will run on Fargate; images for Lambda have it with an ending. */
  readonly tag: string;
}

/** A run of the deploy command: its input, and its findings and changes so far. */
export interface DeploymentRun {
  readonly session: Session;
  /** The templates for all stacks, in deployment order. */
  readonly templates: readonly Template[];
  /** What else is updated and deleted because `compute` or `front` has changed. */
  readonly transition: Transition;
  readonly selected: readonly StackName[];
  /** The deployed stacks; the steps keep the map up to date. */
  readonly deployed: Map<StackName, DeployedStack>;
  /** Their templates, as they were before this run. */
  readonly deployedTemplates: ReadonlyMap<StackName, TemplateBody>;
  readonly options: DeploymentOptions;
  /** The changes that each inspected step would make. */
  readonly actions: Map<StepName, Action>;
  /** The parameters that each inspected stack gets, as far as they are known. */
  readonly parameters: Map<StackName, Readonly<Record<string, string>>>;
  /** Notes for the operator, shown at the end. */
  readonly notes: string[];
}
