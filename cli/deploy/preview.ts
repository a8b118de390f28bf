// Previews what an update would change in a stack, resource by resource, by comparing the templates.
import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';

const IMPACTS: Readonly<Partial<Record<ResourceImpact, string>>> = {
  [ResourceImpact.WILL_UPDATE]: 'change',
  [ResourceImpact.WILL_CREATE]: 'create',
  [ResourceImpact.WILL_REPLACE]: 'replace',
  [ResourceImpact.MAY_REPLACE]: 'change, may replace',
  [ResourceImpact.WILL_DESTROY]: 'delete',
  [ResourceImpact.WILL_ORPHAN]: 'remove from the stack, but keep',
  [ResourceImpact.WILL_IMPORT]: 'import',
};

/** @returns one line for each resource that changes, and one for everything else */
export function previewChanges(deployed: unknown, updated: unknown): readonly string[] {
  const diff = fullDiff(deployed as Record<string, unknown>, updated as Record<string, unknown>);
  const lines: string[] = [];
  diff.resources.forEachDifference((id, change) => {
    const impact = IMPACTS[change.changeImpact];
    if (impact !== undefined) lines.push(`${impact}: ${id} (${change.resourceType})`);
  });
  const others = diff.differenceCount - diff.resources.differenceCount;
  if (others > 0) lines.push(`change: ${others} in parameters, outputs or the description`);
  return lines;
}
