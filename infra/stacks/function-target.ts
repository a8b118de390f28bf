// The function as the load balancer's target.
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';

export interface FunctionTargetProps {
  readonly name: string;
  /** ARN of the function's alias. */
  readonly functionArn: string;
  /** ARNs of all target groups with this name. */
  readonly targetGroupArn: string;
  readonly account: string;
}

/**
 * A request or a response has at most 1 MB. Nothing checks the function's health: each check would be an invocation, and
 * there is no other target to choose. The load balancer hands over all values of a header that is repeated.
 */
export function createFunctionTarget(
  scope: Construct,
  { name, functionArn, targetGroupArn, account }: FunctionTargetProps,
): elbv2.ApplicationTargetGroup {
  // A target can't be registered before the load balancer may invoke it, so the group is named by its pattern.
  const permission = new lambda.CfnPermission(scope, 'FunctionPermission', {
    action: 'lambda:InvokeFunction',
    functionName: functionArn,
    principal: 'elasticloadbalancing.amazonaws.com',
    sourceArn: targetGroupArn,
    sourceAccount: account,
  });
  const targetGroup = new elbv2.ApplicationTargetGroup(scope, 'FunctionTargetGroup', {
    targetGroupName: name,
    targetType: elbv2.TargetType.LAMBDA,
    targets: [
      {
        attachToApplicationTargetGroup: () => ({
          targetType: elbv2.TargetType.LAMBDA,
          targetJson: { id: functionArn },
        }),
      },
    ],
    multiValueHeadersEnabled: true,
    healthCheck: { enabled: false },
  });
  targetGroup.node.addDependency(permission);
  return targetGroup;
}
