// Tests that a failed build, and a service that does not become healthy, are reported with their last log lines.
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import t from 'tap';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { type AwsCall, type AwsReply, json, parameter, xml } from '../helpers/aws-proxy.js';
import { emulateCodeBuild, putImage } from '../helpers/codebuild.js';
import { fails, scenarios } from '../helpers/scenarios.js';

// Runs dozens of deployments.
t.setTimeout(900_000);

t.test('service', async (t) => {
  const { account, recovers, moto, proxy, scenario } = await scenarios(t);
  const log = async (logGroupName: string, logStreamName: string, ...messages: string[]): Promise<void> => {
    const logs = new CloudWatchLogsClient(clientOptions(moto.endpoint));
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
    await logs.send(
      new PutLogEventsCommand({
        logGroupName,
        logStreamName,
        logEvents: messages.map((message, index) => ({ message, timestamp: Date.now() + index })),
      }),
    );
  };

  scenario('reports a failed build with its last log lines', async (t, place) => {
    proxy.before = async (call) => {
      if (call.service !== 'codebuild') return undefined;
      if (call.action === 'ListBuildsForProject') return json({ ids: [] });
      if (call.action === 'StartBuild') {
        await log(NAMES.logGroups.imageBuild, 'b1', 'npm error 404 Not Found', 'exit status 1');
        return json({ build: { id: 'fireblocks-callback-dev:b1', buildStatus: 'IN_PROGRESS' } });
      }
      return json({
        builds: [
          {
            id: 'fireblocks-callback-dev:b1',
            buildStatus: 'FAILED',
            currentPhase: 'COMPLETED',
            phases: [
              { phaseType: 'INSTALL', phaseStatus: 'SUCCEEDED' },
              {
                phaseType: 'BUILD',
                phaseStatus: 'FAILED',
                contexts: [{ message: 'COMMAND_EXECUTION_ERROR: exit status 1' }],
              },
            ],
            logs: { groupName: NAMES.logGroups.imageBuild, streamName: 'b1' },
          },
        ],
      });
    };
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'BUILD_FAILED',
      /the build ended with status FAILED in phase BUILD: COMMAND_EXECUTION_ERROR/,
      'npm run deploy -- --yes --env dev',
    );
    t.match(ran.stderr, 'npm error 404 Not Found');
    t.equal((await account.stacks()).length, 3, 'the service was not changed');
    proxy.before = emulateCodeBuild(moto.endpoint);
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await recovers(t, place);
  });

  scenario('waits for a running build of the same revision', async (t, place) => {
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
    let polls = 0;
    proxy.before = async (call) => {
      if (call.service !== 'codebuild') return undefined;
      if (call.action === 'ListBuildsForProject') return json({ ids: ['fireblocks-callback-dev:b1'] });
      if (call.action !== 'BatchGetBuilds') return undefined;
      const running = polls++ < 1;
      if (!running) await putImage(moto.endpoint, place.tag);
      return json({
        builds: [
          {
            id: 'fireblocks-callback-dev:b1',
            buildStatus: running ? 'IN_PROGRESS' : 'SUCCEEDED',
            environment: { environmentVariables: [{ name: 'IMAGE_TAG', value: place.tag }] },
          },
        ],
      });
    };
    t.equal((await place.run('deploy', '--yes')).code, 0);
    t.strictSame(
      proxy.calls.filter(({ action }) => action === 'StartBuild'),
      [],
    );
  });

  scenario('reports the stopped task when the service never becomes healthy', async (t, place) => {
    let state: 'none' | 'stuck' | 'deleted' = 'none';
    const stackId = 'arn:aws:cloudformation:ap-northeast-1:123456789012:stack/fireblocks-dev-callback/1';
    const stackXml = (status: string): string =>
      `<Stacks><member><StackId>${stackId}</StackId><StackName>fireblocks-dev-callback</StackName><StackStatus>${status}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>`;
    const eventXml = (id: number, resource: string, type: string, status: string, reason: string): string =>
      `<member><EventId>${id}</EventId><StackId>${stackId}</StackId><StackName>fireblocks-dev-callback</StackName><LogicalResourceId>${resource}</LogicalResourceId><ResourceType>${type}</ResourceType><ResourceStatus>${status}</ResourceStatus><ResourceStatusReason>${reason}</ResourceStatusReason><Timestamp>2026-01-01T00:00:0${id}Z</Timestamp></member>`;
    const events = [
      eventXml(4, 'fireblocks-dev-callback', 'AWS::CloudFormation::Stack', 'ROLLBACK_COMPLETE', ''),
      eventXml(3, 'Zone', 'AWS::Route53::HostedZone', 'CREATE_FAILED', 'Resource creation cancelled'),
      eventXml(
        2,
        'Service',
        'AWS::ECS::Service',
        'CREATE_FAILED',
        'ECS Deployment Circuit Breaker was triggered',
      ),
      eventXml(1, 'Cluster', 'AWS::ECS::Cluster', 'CREATE_COMPLETE', ''),
    ];
    proxy.before = (call) => {
      const about = parameter(call, 'StackName') ?? '';
      if (state === 'none' && call.action === 'CreateStack' && about === 'fireblocks-dev-callback') {
        state = 'stuck';
        return xml(call, `<StackId>${stackId}</StackId>`);
      }
      if (state === 'deleted' && about === stackId && call.action === 'DescribeStackEvents') {
        return xml(call, `<StackEvents>${events.join('')}</StackEvents>`);
      }
      if (state !== 'stuck') return undefined;
      if (call.action === 'ListTasks') return json({ taskArns: [stoppedTask.taskArn] });
      if (call.action === 'DescribeTasks') return json({ tasks: [stoppedTask] });
      if (call.action === 'GetLogEvents') {
        return json({ events: [{ message: '{"level":"fatal","msg":"no key"}' }] });
      }
      if (!about.includes('fireblocks-dev-callback')) return undefined;
      if (call.action === 'DescribeStacks') return xml(call, stackXml('ROLLBACK_COMPLETE'));
      if (call.action === 'DescribeStackEvents')
        return xml(call, `<StackEvents>${events.join('')}</StackEvents>`);
      if (call.action === 'GetTemplate') return xml(call, '<TemplateBody>{}</TemplateBody>');
      if (call.action === 'DescribeStackResources') return xml(call, '<StackResources></StackResources>');
      if (call.action === 'DeleteStack') {
        state = 'deleted';
        return xml(call, '');
      }
      return undefined;
    };
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'STACK_STUCK',
      /fireblocks-dev-callback is ROLLBACK_COMPLETE: Service \(AWS::ECS::Service\): ECS Deployment Circuit Breaker/,
      'continue with: npm run deploy -- --yes --env dev --force-recreate',
    );
    t.match(
      ran.stderr,
      'task abc stopped: Essential container in task exited; callback-handler exited with code 1',
    );
    t.match(ran.stderr, '{"level":"fatal","msg":"no key"}');
    t.match(await place.run('deploy', '--yes'), { code: 1, stderr: /STACK_STUCK/ });
    const recreated = await place.run('deploy', '--yes', '--force-recreate');
    t.equal(recreated.code, 0, recreated.stderr);
    t.equal(state, 'deleted');
    await recovers(t, place);
  });

  scenario('waits for a service that is not yet steady, and reports one that fails', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const target = {
      Target: { Id: '10.0.1.7', Port: 3000 },
      TargetHealth: { State: 'unhealthy', Description: 'Health checks failed with these codes: [503]' },
    };
    proxy.before = (call) => emulateService(call, 'FAILED', target.TargetHealth.State);
    const ran = await place.run('deploy', '--yes');
    fails(
      t,
      ran,
      'SERVICE_NOT_STEADY',
      /ECS gave up.*unhealthy \(Health checks failed/,
      'npm run logs -- --errors -e dev',
    );
    t.match(ran.stderr, 'continue with: npm run deploy -- --yes --env dev');
    t.match(ran.stderr, 'task abc stopped: Essential container in task exited');
    t.match(await place.run('deploy', '--status'), { code: 0 });
    t.match((await place.run('deploy', '--status')).stdout, /10\.0\.1\.7 unhealthy/);

    let polls = 0;
    proxy.before = (call) => {
      // The plan reads the service twice.
      const healthy = call.action === 'DescribeTargetHealth' ? ++polls > 4 : polls > 4;
      return emulateService(call, healthy ? 'COMPLETED' : 'IN_PROGRESS', healthy ? 'healthy' : 'initial');
    };
    const waited = await place.run('deploy', '--yes');
    t.equal(waited.code, 0);
    t.match(waited.stdout, /targets: initial/);
  });

  scenario('reports a restart that ECS rolls back', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    let polls = -1;
    proxy.before = (call) => {
      if (call.action === 'UpdateService') {
        polls = 0;
        return json({ service: serviceOf('new', 'IN_PROGRESS') });
      }
      if (call.action !== 'DescribeServices') return emulateService(call, 'COMPLETED', 'healthy');
      if (polls === -1) return json({ services: [serviceOf('old', 'COMPLETED')] });
      // Reports the previous state first, then the new rollout, then the old one again.
      const deployment = ['old', 'new', 'new', 'old'][polls++] ?? 'old';
      return json({ services: [serviceOf(deployment, deployment === 'old' ? 'COMPLETED' : 'IN_PROGRESS')] });
    };
    const ran = await place.run('restart');
    fails(
      t,
      ran,
      'SERVICE_NOT_STEADY',
      /ECS rolled back to the previous ones/,
      'npm run logs -- --errors -e dev',
    );
    t.ok(polls >= 4, 'the previous state was not taken for the result');
  });
});

const stoppedTask = {
  taskArn: 'arn:aws:ecs:ap-northeast-1:123456789012:task/fireblocks-callback-cluster-dev/abc',
  stoppedReason: 'Essential container in task exited',
  containers: [{ name: 'callback-handler', exitCode: 1 }],
};

function serviceOf(id: string, rolloutState: string): object {
  const running = rolloutState === 'COMPLETED' ? 1 : 0;
  return {
    serviceName: 'callback-handler-service',
    status: 'ACTIVE',
    desiredCount: 1,
    runningCount: running,
    pendingCount: 1 - running,
    loadBalancers: [
      { targetGroupArn: 'arn:aws:elasticloadbalancing:ap-northeast-1:123456789012:targetgroup/t/1' },
    ],
    deployments: [
      { id, status: 'PRIMARY', rolloutState, rolloutStateReason: 'ECS gave up: tasks failed to start.' },
    ],
  };
}

/** Emulates a service and its task, because moto does not run tasks. */
function emulateService(call: AwsCall, rolloutState: string, health: string): AwsReply | undefined {
  if (call.action === 'DescribeServices') return json({ services: [serviceOf('one', rolloutState)] });
  if (call.action === 'ListTasks') return json({ taskArns: [stoppedTask.taskArn] });
  if (call.action === 'DescribeTasks') return json({ tasks: [stoppedTask] });
  if (call.action === 'DescribeTargetHealth') {
    const description =
      health === 'unhealthy' ? '<Description>Health checks failed with these codes: [503]</Description>' : '';
    return xml(
      call,
      `<TargetHealthDescriptions><member><Target><Id>10.0.1.7</Id><Port>3000</Port></Target><TargetHealth><State>${health}</State>${description}</TargetHealth></member></TargetHealthDescriptions>`,
    );
  }
  return undefined;
}
