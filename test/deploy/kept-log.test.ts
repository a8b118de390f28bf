// Tests that a stack of prod that is created again uses the log group that its deletion has kept.
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import t from 'tap';
import { namesOf } from '../../infra/names.js';
import { clientOptions } from '../helpers/aws.js';
import { emulateCodeBuild } from '../helpers/codebuild.js';
import { emulateFunction } from '../helpers/function.js';
import { fails, scenarios } from '../helpers/scenarios.js';

t.setTimeout(300_000);

const STACK = 'fireblocks-prod-function';
const PROD = namesOf('fireblocks', 'prod');
const LOG = PROD.logGroups.function;

t.test('logs that prod has kept', async (t) => {
  const { moto, proxy, account, scenario } = await scenarios(t);
  const options = clientOptions(moto.endpoint);
  const [logs, cloudformation] = [new CloudWatchLogsClient(options), new CloudFormationClient(options)];
  const parameters = async () => (await account.stacks()).find(({ name }) => name === STACK)?.parameters;

  scenario('the log of a function that is created again is used as it is', async (t, place) => {
    place.settings({ compute: 'lambda' });
    const builds = emulateCodeBuild(moto.endpoint, PROD);
    const lambda = emulateFunction(moto.endpoint, PROD);
    proxy.before = async (call) => (await lambda.reply(call)) ?? (await builds(call));
    const deploy = ['deploy', '-e', 'prod', '--yes', '--only-stacks'] as const;
    const all = 'foundation,security,image,function';
    const first = await place.run(...deploy, all);
    t.equal(first.code, 0, first.stderr);
    t.match(await parameters(), { CreateLog: 'true' });

    // The emulator keeps nothing.
    await cloudformation.send(new DeleteStackCommand({ StackName: STACK }));
    const { KeyArn: kmsKeyId } = await account.outputs('fireblocks-prod-security');
    await logs.send(new CreateLogGroupCommand({ logGroupName: LOG, kmsKeyId: `${kmsKeyId}0` }));
    const taken = await place.run(...deploy, all);
    fails(t, taken, 'NAMES_TAKEN', /exist already/, 'delete them if nobody needs them');
    t.match(taken.stderr, `AWS::Logs::LogGroup ${LOG}`, 'it has the key of another deployment');

    await logs.send(new DeleteLogGroupCommand({ logGroupName: LOG }));
    await logs.send(new CreateLogGroupCommand({ logGroupName: LOG, ...(kmsKeyId && { kmsKeyId }) }));
    const again = await place.run(...deploy, all);
    t.equal(again.code, 0, again.stderr);
    t.match(again.stdout.replaceAll(/\s+/g, ' '), `${LOG}, which an earlier stack has kept, is used again`);
    t.match(await parameters(), { CreateLog: 'false' });
    t.match(await place.run(...deploy, all), { code: 0, stdout: /Nothing to change\./ });
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: LOG }));
    t.match(logGroups, [{ logGroupName: LOG, kmsKeyId }]);
  });
});
