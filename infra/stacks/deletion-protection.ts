// Deletion protection of prod's table: a parameter, so that a first creation that fails can still be rolled back.
import { CfnCondition, CfnParameter, Fn, type IResolvable, type Stack } from 'aws-cdk-lib';

/**
 * The deploy command creates a stack with `false`, and turns protection on as soon as the stack is complete: CloudFormation
 * could not roll back the creation of what is protected.
 * @param production elsewhere nothing is protected, and the stack gets no parameter
 * @returns the value of a boolean property
 */
export function createDeletionProtection(stack: Stack, production: boolean): boolean | IResolvable {
  if (!production) return false;
  const { valueAsString } = new CfnParameter(stack, 'DeletionProtection', {
    description: 'Whether the table is protected from deletion; false only while the stack is created',
    allowedValues: ['true', 'false'],
    default: 'true',
  });
  const expression = Fn.conditionEquals(valueAsString, 'true');
  return Fn.conditionIf(new CfnCondition(stack, 'Protected', { expression }).logicalId, true, false);
}
