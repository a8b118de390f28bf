// What the steps of a deployment have in common.
import type { StackName } from '../../infra/names.js';
import type { Session } from '../aws/session.js';
import type { DeployedStack } from '../aws/stack.js';
import type { Template } from './templates.js';

export type StepName = StackName | 'keys' | 'certificate' | 'build' | 'service';
export type Action = 'create' | 'update' | 'recreate' | 'rotate' | 'renew' | 'build' | 'wait' | 'none';

/** What a step would do. */
export interface Change {
  readonly action: Action;
  /** A few words. */
  readonly summary: string;
  /** One line for each change. */
  readonly details: readonly string[];
}

export const NO_CHANGE: Change = { action: 'none', summary: 'nothing', details: [] };

/** Shows a line of progress. */
export type Report = (line: string) => void;

/** A step that has nothing to do changes nothing, so an interrupted deployment is continued by running it again. */
export interface Step {
  readonly name: StepName;
  /** Finds out what there is to do, and changes nothing. */
  inspect(): Promise<Change>;
  /** Does what `inspect` found. */
  apply(report: Report): Promise<void>;
}

export type BuildMethod = 'codebuild' | 'local';

export interface DeploymentOptions {
  readonly rotateCallbackKey: boolean;
  readonly renewCertificate: boolean;
  readonly build: BuildMethod;
  /** Tag of an existing image to run. If undefined, an image is built. */
  readonly givenTag: string | undefined;
  /** Tag of the image that the service will run. */
  readonly tag: string;
}

/** One deployment to an environment. */
export interface Deployment {
  readonly session: Session;
  /** Templates of all stacks, in the order of deployment. */
  readonly templates: readonly Template[];
  readonly selected: readonly StackName[];
  /** The stacks as they are now; the steps keep it up to date. */
  readonly deployed: Map<StackName, DeployedStack>;
  readonly options: DeploymentOptions;
  /** What each inspected step would do. */
  readonly actions: Map<StepName, Action>;
  /** What the operator should know at the end. */
  readonly notes: string[];
}
