// Which stacks a command is about: from its options, and from what is there.
import { UsageError } from '../command.js';
import { nearest } from '../../src/policy/language/nearest.js';
import type { StackName } from '../../infra/names.js';
import { conditionOf, type DeployedStack } from '../aws/cloudformation.js';
import type { Template } from './templates.js';

/** Lists are names with commas between them. */
export interface Selection {
  readonly fromStack?: string | undefined;
  readonly onlyStacks?: string | undefined;
  readonly skipStacks?: string | undefined;
}

/**
 * @param available in the order of deployment
 * @returns those selected, in that order
 * @throws {UsageError} with the valid names
 */
export function selectStacks(
  { fromStack, onlyStacks, skipStacks }: Selection,
  available: readonly StackName[],
): readonly StackName[] {
  if (fromStack !== undefined && onlyStacks !== undefined) {
    throw new UsageError('--from-stack and --only-stacks both say where to begin: keep one of them');
  }
  const only = onlyStacks === undefined ? undefined : namesIn('--only-stacks', onlyStacks, available);
  const skipped = skipStacks === undefined ? [] : namesIn('--skip-stacks', skipStacks, available);
  const both = skipped.filter((name) => only?.includes(name) === true);
  if (both.length > 0) throw new UsageError(`${both.join(', ')} is in --only-stacks and in --skip-stacks`);

  const first =
    fromStack === undefined
      ? 0
      : available.indexOf(namesIn('--from-stack', fromStack, available, 1)[0] ?? 'foundation');
  const selected = available.filter(
    (name, index) => index >= first && (only?.includes(name) ?? true) && !skipped.includes(name),
  );
  if (selected.length === 0) throw new UsageError('with these options no stack is left to deploy');
  return selected;
}

function namesIn(
  option: string,
  list: string,
  available: readonly StackName[],
  most = available.length,
): readonly StackName[] {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0 || names.length > most) {
    throw new UsageError(`${option} takes ${most === 1 ? 'one of' : 'some of'} ${available.join(', ')}`);
  }
  return names.map((name) => {
    const known = available.find((one) => one === name);
    if (known !== undefined) return known;
    const hint = nearest(name, available);
    throw new UsageError(
      `${option}: "${name}" is none of ${available.join(', ')}${hint === undefined ? '' : `: did you mean ${hint}?`}`,
    );
  });
}

/** @throws {UsageError} if a stack takes something from one that is neither there nor among those selected */
export function assertNeeds(
  selected: readonly StackName[],
  templates: readonly Template[],
  deployed: ReadonlyMap<StackName, DeployedStack>,
): void {
  for (const { name, needs } of templates) {
    if (!selected.includes(name)) continue;
    const missing = needs.filter(
      (need) => !selected.includes(need) && conditionOf(deployed.get(need)) !== 'ready',
    );
    if (missing.length > 0) {
      const enough = templates.filter((one) => selected.includes(one.name) || missing.includes(one.name));
      for (const { needs: further } of enough) {
        enough.push(
          ...templates.filter(
            (one) =>
              further.includes(one.name) &&
              !enough.includes(one) &&
              conditionOf(deployed.get(one.name)) !== 'ready',
          ),
        );
      }
      const list = templates.filter((one) => enough.includes(one)).map((one) => one.name);
      throw new UsageError(
        `${name} needs ${missing.join(' and ')}, which ${missing.length === 1 ? 'is' : 'are'} not deployed: --only-stacks ${list.join(',')} deploys all that is needed`,
      );
    }
  }
}
