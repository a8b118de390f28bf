// What an update would change in a stack, resource by resource, from its two templates.
import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';

const IMPACTS: Readonly<Partial<Record<ResourceImpact, string>>> = {
  [ResourceImpact.WILL_UPDATE]: 'change',
  [ResourceImpact.WILL_CREATE]: 'create',
  [ResourceImpact.WILL_REPLACE]: 'replace',
  [ResourceImpact.MAY_REPLACE]: 'change, perhaps replace',
  [ResourceImpact.WILL_DESTROY]: 'delete',
  [ResourceImpact.WILL_ORPHAN]: 'let go, kept',
  [ResourceImpact.WILL_IMPORT]: 'import',
};

/** One line for each resource, and for what else differs. */
export function previewChanges(deployed: unknown, wanted: unknown): readonly string[] {
  const diff = fullDiff(deployed as Record<string, unknown>, wanted as Record<string, unknown>);
  const lines: string[] = [];
  diff.resources.forEachDifference((id, change) => {
    const impact = IMPACTS[change.changeImpact];
    if (impact !== undefined) lines.push(`${impact}: ${id} (${change.resourceType})`);
  });
  const others = diff.differenceCount - diff.resources.differenceCount;
  if (others > 0) lines.push(`change: ${others} of parameters, outputs or description`);
  return lines;
}
