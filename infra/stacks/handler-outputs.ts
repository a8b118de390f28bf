// The outputs of the stack that the Co-signer calls: its URL, and where to look.
import { CfnOutput } from 'aws-cdk-lib';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Deployment } from '../deployment.js';
import { handlerLog } from '../names.js';

export type Outputs = Readonly<Record<string, readonly [value: string, description: string]>>;

export interface HandlerOutputs {
  /** The base URL to configure in the Co-signer. It is the first output. */
  readonly url: string;
  /** The outputs of what the Co-signer calls. */
  readonly front: Outputs;
  readonly dashboard: string;
  readonly alarmTopic: sns.ITopic;
}

export function createOutputs(
  scope: Construct,
  deployment: Deployment,
  { url, front, dashboard, alarmTopic }: HandlerOutputs,
): void {
  const { names, settings } = deployment;
  const { parameters } = names;
  const outputs: Outputs = {
    CallbackURL: [url, 'Base URL to configure in the Co-signer'],
    ...front,
    ...(settings.compute === 'fargate'
      ? {
          ClusterName: [names.cluster, 'Use with: aws ecs describe-services --cluster'],
          ServiceName: [names.service, 'Use with: aws ecs describe-services --services'],
        }
      : { FunctionName: [names.function, 'Use with: aws lambda get-function --function-name'] }),
    LogGroupName: [handlerLog(names, settings), 'Use with: aws logs tail --follow'],
    DashboardName: [dashboard, 'CloudWatch dashboard'],
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
