// Deletion protection of prod's resources: a parameter, so that a first creation that fails can still be rolled back.
import { CfnCondition, CfnParameter, Fn, type IResolvable, type Stack } from 'aws-cdk-lib';

export interface DeletionProtection {
  /** For properties that are a boolean. */
  flag(): boolean | IResolvable;
  /** For attributes that are a string. */
  readonly text: string;
}

/**
 * The deploy command creates a stack with `false`, and turns protection on as soon as the stack is complete: CloudFormation
 * could not roll back the creation of what is protected.
 * @param production elsewhere nothing is protected, and the stack gets no parameter
 */
export function createDeletionProtection(stack: Stack, production: boolean): DeletionProtection {
  if (!production) return { flag: () => false, text: 'false' };
  const { valueAsString: text } = new CfnParameter(stack, 'DeletionProtection', {
    description: 'Whether resources are protected from deletion; false only while the stack is created',
    allowedValues: ['true', 'false'],
    default: 'true',
  });
  const expression = Fn.conditionEquals(text, 'true');
  return {
    flag: () => Fn.conditionIf(new CfnCondition(stack, 'Protected', { expression }).logicalId, true, false),
    text,
  };
}
