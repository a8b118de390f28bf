// Selects the stacks to deploy, and checks that the stacks they need are deployed.
import { UsageError } from '../command.js';
import { nearest } from '../../src/policy/language/nearest.js';
import type { StackName } from '../../infra/names.js';
import { type DeployedStack, stateOf } from '../aws/stack.js';
import type { Template } from './templates.js';

/** Options as given. Lists are comma-separated. */
export interface Selection {
  readonly fromStack?: string | undefined;
  readonly onlyStacks?: string | undefined;
  readonly skipStacks?: string | undefined;
}

/**
 * @param available the stacks that the settings call for, in deployment order
 * @returns the selected stacks, in that order
 * @throws {UsageError} with the valid names
 */
export function selectStacks(
  { fromStack, onlyStacks, skipStacks }: Selection,
  available: readonly StackName[],
): readonly StackName[] {
  const only = onlyStacks === undefined ? undefined : parseNames('--only-stacks', onlyStacks, available);
  const skipped = skipStacks === undefined ? [] : parseNames('--skip-stacks', skipStacks, available);
  const both = skipped.filter((name) => only?.includes(name) === true);
  if (both.length > 0) throw new UsageError(`${both.join(', ')} is in both --only-stacks and --skip-stacks`);

  const first =
    fromStack === undefined
      ? 0
      : available.indexOf(parseNames('--from-stack', fromStack, available, 1)[0] ?? 'foundation');
  const selected = available.filter(
    (name, index) => index >= first && (only?.includes(name) ?? true) && !skipped.includes(name),
  );
  if (selected.length === 0) throw new UsageError('these options select no stack to deploy');
  return selected;
}

function parseNames(
  option: string,
  list: string,
  available: readonly StackName[],
  max = available.length,
): readonly StackName[] {
  const names = list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0 || names.length > max) {
    throw new UsageError(`${option} takes ${max === 1 ? 'one' : 'one or more'} of ${available.join(', ')}`);
  }
  return names.map((name) => {
    const known = available.find((one) => one === name);
    if (known !== undefined) return known;
    const hint = nearest(name, available);
    throw new UsageError(
      `${option}: "${name}" is not one of ${available.join(', ')}${hint === undefined ? '' : `: did you mean ${hint}?`}`,
    );
  });
}

/** @throws {UsageError} if a selected stack needs one that is neither deployed nor selected */
export function assertNeeds(
  selected: readonly StackName[],
  templates: readonly Template[],
  deployed: ReadonlyMap<StackName, DeployedStack>,
): void {
  const missingFor = (template: Template, chosen: ReadonlySet<StackName>): readonly StackName[] =>
    template.needs.filter((need) => !chosen.has(need) && stateOf(deployed.get(need)) !== 'ready');
  const chosen = new Set(selected);
  for (const template of templates.filter(({ name }) => selected.includes(name))) {
    const missing = missingFor(template, chosen);
    if (missing.length === 0) continue;
    const enough = new Set(chosen);
    const add = (names: readonly StackName[]): void => {
      for (const name of names) enough.add(name);
      const next = templates.filter((one) => enough.has(one.name)).flatMap((one) => missingFor(one, enough));
      if (next.length > 0) add(next);
    };
    add(missing);
    const list = templates.map(({ name }) => name).filter((name) => enough.has(name));
    throw new UsageError(
      `${template.name} needs ${missing.join(' and ')}, which ${missing.length === 1 ? 'is' : 'are'} not deployed: use --only-stacks ${list.join(',')}`,
    );
  }
}
