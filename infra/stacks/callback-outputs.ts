// The outputs of the service's stack.
import { CfnOutput } from 'aws-cdk-lib';
import type * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { callbackUrl } from '../settings.js';

interface Outputs {
  readonly loadBalancer: elbv2.IApplicationLoadBalancer;
  readonly targetGroup: elbv2.IApplicationTargetGroup;
  readonly alarmTopic: sns.ITopic;
}

export function createOutputs(
  scope: Construct,
  deployment: Deployment,
  { loadBalancer, targetGroup, alarmTopic }: Outputs,
): void {
  const { names, settings } = deployment;
  const { parameters } = names;
  const outputs: Readonly<Record<string, [value: string, description: string]>> = {
    CallbackURL: [callbackUrl(settings), 'Base URL to configure in the Co-signer'],
    LoadBalancerDNS: [loadBalancer.loadBalancerDnsName, 'DNS name of the load balancer'],
    TargetGroupArn: [
      targetGroup.targetGroupArn,
      'Use with: aws elbv2 describe-target-health --target-group-arn',
    ],
    ClusterName: [names.cluster, 'Use with: aws ecs describe-services --cluster'],
    ServiceName: [names.service, 'Use with: aws ecs describe-services --services'],
    LogGroupName: [names.logGroups.service, 'Use with: aws logs tail --follow'],
    DashboardName: [names.prefix, 'CloudWatch dashboard'],
    AlarmTopicArn: [alarmTopic.topicArn, 'SNS topic that receives alarm notifications'],
    CallbackPrivateKeyParameter: [
      parameters.callbackPrivateKey,
      'SecureString: the key that signs responses',
    ],
    CosignerPublicKeyParameter: [
      parameters.cosignerPublicKey,
      'SecureString: the key that verifies requests',
    ],
    ...(settings.policySource === 'parameter' && {
      PolicyParameter: [parameters.policy, 'SecureString: the policy that decides on requests'],
      PolicyCandidateParameter: [
        parameters.policyCandidate,
        'SecureString: a policy that is tried beside the one in force; absent unless there is one',
      ],
    }),
    StopParameter: [parameters.policyStop, 'SecureString: the emergency stop; absent unless it was used'],
  };
  for (const [id, [value, description]] of Object.entries(outputs)) {
    new CfnOutput(scope, id, { value, description });
  }
}
