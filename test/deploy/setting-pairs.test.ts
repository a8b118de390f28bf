// Deploys twenty pairs of changed settings to the emulator, and tests that the plan showed the outcome.
import {
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import t, { type Test } from 'tap';
import { CHOICES, type Json } from '../helpers/settings.js';
import { clientOptions } from '../helpers/aws.js';
import { putImage } from '../helpers/codebuild.js';
import { isMutating } from '../helpers/aws-proxy.js';
import { fails, scenarios } from '../helpers/scenarios.js';
import type { Workspace } from '../helpers/operator.js';

// Runs dozens of deployments.
t.setTimeout(1_800_000);

const SMALL_CONSOLE = { console: { clientCidrs: ['172.20.0.0/16'] } };
const OTHER_ZONES = { availabilityZones: ['ap-northeast-1a', 'ap-northeast-1d'] };
const OTHER_CIDR = { network: { cidr: '10.9.0.0/16' } };

interface Pair {
  readonly name: string;
  /** The settings that are deployed first, besides those of the example. */
  readonly before?: Json;
  readonly after: Json;
  /** What the plan refuses. */
  readonly refused?: RegExp;
}

const PAIRS: readonly Pair[] = [
  {
    name: 'a console, and another name',
    after: { ...SMALL_CONSOLE, hostName: 'handler.internal' },
  },
  {
    name: 'the policy in the image, and staleness',
    after: { ...CHOICES.policyInImage, maxStalenessSeconds: 120 },
  },
  { name: 'a Co-signer, and TLS to the task', after: { ...CHOICES.cosigner, tlsToTask: true } },
  { name: 'TLS to the task, and two tasks', after: { tlsToTask: true, desiredCount: 2, maxCount: 4 } },
  { name: 'ES256, and JSON', after: { callbackKeyAlgorithm: 'ES256', ...CHOICES.json } },
  { name: 'more tasks, and retention', after: { maxCount: 4, retentionDays: 800 } },
  {
    name: 'both zones, and prefix lists',
    after: { network: { endpointZones: 2 }, s3PrefixListId: 'pl-01234567' },
  },
  { name: 'another architecture, and alarms', after: { architecture: 'arm64', alarmEmail: 'a@example.com' } },
  { name: 'another path, and withdrawal', after: { basePath: '/fireblocks', keyWithdrawal: 'refuse' } },
  { name: 'no console, and retention', before: SMALL_CONSOLE, after: { retentionDays: 800 } },
  { name: 'plain HTTP, and alarms', before: { tlsToTask: true }, after: { alarmEmail: 'a@example.com' } },
  {
    name: "the console's host, and its clients",
    before: { console: { ...CHOICES.console.console, clientSecurityGroups: [] } },
    after: { console: { clientCidrs: ['172.21.0.0/16'] } },
  },
  {
    name: 'existing endpoints, and retention',
    before: CHOICES.existingVpc,
    after: { ...CHOICES.existingEndpoints, retentionDays: 800 },
  },
  {
    name: 'existing endpoints, and another name',
    before: { ...CHOICES.existingVpc, ...SMALL_CONSOLE },
    after: { ...CHOICES.existingEndpoints, ...SMALL_CONSOLE, hostName: 'handler.internal' },
  },
  {
    name: 'endpoints of its own, and retention',
    before: CHOICES.existingEndpoints,
    after: { ...CHOICES.existingVpc, retentionDays: 800 },
  },
  {
    name: 'another range, and a console',
    after: { ...OTHER_CIDR, ...SMALL_CONSOLE },
    refused: /network\.cidr/,
  },
  {
    name: 'another range, and two tasks',
    after: { ...OTHER_CIDR, desiredCount: 2 },
    refused: /AWS::EC2::VPC/,
  },
  { name: 'other zones, and TLS', after: { ...OTHER_ZONES, tlsToTask: true }, refused: /availabilityZones/ },
  {
    name: 'an existing VPC, and another name',
    after: { ...CHOICES.existingVpc, hostName: 'handler.internal' },
    refused:
      /security: Task\w+ \(AWS::EC2::SecurityGroup\) would be replaced \(VpcId\), but callback uses it/,
  },
  {
    name: 'a new VPC, and a Co-signer',
    before: CHOICES.existingVpc,
    after: CHOICES.cosigner,
    refused: /the setting is network/,
  },
];

/** Creates the existing network of the settings. @returns its ids, by those that the settings name */
async function createNetwork(endpoint: string): Promise<Readonly<Record<string, string>>> {
  const ec2 = new EC2Client(clientOptions(endpoint));
  const { Vpc } = await ec2.send(new CreateVpcCommand({ CidrBlock: '10.8.0.0/16' }));
  const VpcId = Vpc?.VpcId;
  const subnet = async (zone: string, CidrBlock: string): Promise<string> => {
    const AvailabilityZone = `ap-northeast-1${zone}`;
    const { Subnet } = await ec2.send(new CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone }));
    return Subnet?.SubnetId ?? '';
  };
  const { RouteTable } = await ec2.send(new CreateRouteTableCommand({ VpcId }));
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ VpcId, GroupName: 'endpoints', Description: 'Endpoints' }),
  );
  return {
    'vpc-0123456789abcdef0': VpcId ?? '',
    'subnet-0123456789abcdef0': await subnet('a', '10.8.1.0/24'),
    'subnet-0123456789abcdef1': await subnet('c', '10.8.2.0/24'),
    'rtb-0123456789abcdef0': RouteTable?.RouteTableId ?? '',
    'sg-0123456789abcdef0': GroupId,
  };
}

function withIds(settings: Json, ids: Readonly<Record<string, string>>): Json {
  const text = JSON.stringify(settings);
  return JSON.parse(Object.entries(ids).reduce((all, [id, own]) => all.replaceAll(id, own), text)) as Json;
}

async function tryPair(t: Test, place: Workspace, { before = {}, after, refused }: Pair): Promise<string> {
  place.settings(before);
  const first = await place.run('deploy', '--yes');
  t.equal(first.code, 0, first.stderr);
  place.settings(after);
  const preview = await place.run('deploy', '--dry-run');
  const ran = await place.run('deploy', '--yes');
  if (refused === undefined) {
    t.match(preview, { code: 0, stdout: /this was a dry run/ }, preview.stderr);
    t.match(ran, { code: 0, stdout: /Deployed\./ }, ran.stderr);
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: /Nothing to change/ });
  } else {
    t.match(preview, { code: 1, stderr: refused }, 'the preview reports it as well');
    fails(t, ran, 'CHANGE_REFUSED', refused, 'npm run destroy -- -e dev');
  }
  return preview.stdout;
}

t.test('pairs of changed settings', async (t) => {
  const { account, moto, proxy, scenario } = await scenarios(t);
  t.equal(PAIRS.length, 20);

  for (const pair of PAIRS) {
    scenario(pair.name, async (t, place) => {
      const ids = await createNetwork(moto.endpoint);
      const { before = {}, after } = pair;
      await tryPair(t, place, { ...pair, before: withIds(before, ids), after: withIds(after, ids) });
      if (pair.refused === undefined) return;
      proxy.calls.length = 0;
      await place.run('deploy', '--yes');
      t.strictSame(proxy.calls.filter(isMutating), [], 'nothing is changed');
    });
  }

  scenario('names that another project has, or that were kept, are found first', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    const stacks = (await account.stacks()).length;
    place.settings({ projectName: 'other' });
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'NAMES_TAKEN', /AWS::ECR::Repository fireblocks-callback-dev/, 'use another environment');
    t.match(ran.stderr, 'AWS::ECS::Cluster fireblocks-callback-cluster-dev');
    t.match(ran.stderr, 'AWS::Logs::LogGroup /ecs/callback-handler/dev');
    t.equal((await account.stacks()).length, stacks);
  });

  scenario('an image for the other architecture is not kept', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await putImage(moto.endpoint, place.tag);
    place.settings({ architecture: 'arm64' });
    const alone = await place.run('deploy', '--yes', '--only-stacks', 'callback');
    t.match(alone, { code: 2, stderr: /is not for arm64/ });
    t.match(await place.run('deploy', '--yes', '--image-tag', place.tag), {
      code: 2,
      stderr: /is not for arm64/,
    });
    t.match(await place.run('deploy', '--yes'), { code: 0, stdout: `${place.tag}-arm64` });
  });
});
