// Log groups that may exist already: those of prod are kept when their stack is deleted.
import { CfnCondition, CfnParameter, Fn, type Stack } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import { keptLogCondition, keptLogParameter } from '../kept-logs.js';

/**
 * Adds a parameter to the stack, with which the log group is used as it is instead of created.
 * @returns the log group, which its users wait for if it is created
 */
export function unlessKept(stack: Stack, group: logs.LogGroup, logGroupName: string): logs.ILogGroup {
  const { id } = group.node;
  const condition = keptLogCondition(id);
  const { valueAsString } = new CfnParameter(stack, keptLogParameter(condition) ?? id, {
    description: `Whether to create ${logGroupName}; false if an earlier stack has kept it`,
    allowedValues: ['true', 'false'],
    default: 'true',
  });
  const creates = new CfnCondition(stack, condition, {
    expression: Fn.conditionEquals(valueAsString, 'true'),
  });
  (group.node.defaultChild as logs.CfnLogGroup).cfnOptions.condition = creates;
  const name = Fn.conditionIf(creates.logicalId, group.logGroupName, logGroupName).toString();
  return logs.LogGroup.fromLogGroupName(stack, `${id}Name`, name);
}
