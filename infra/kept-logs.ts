// Names in templates for log groups that an earlier stack may have kept. Commands read them too, without loading the CDK.

const CONDITION = 'Creates';

/** The condition of the resource. @param id of its construct */
export const keptLogCondition = (id: string): string => `${CONDITION}${id}`;

/** @returns the parameter that says whether to create a log group; undefined if that is not its condition */
export function keptLogParameter(condition: string): string | undefined {
  return condition.startsWith(CONDITION) ? `Create${condition.slice(CONDITION.length)}` : undefined;
}
