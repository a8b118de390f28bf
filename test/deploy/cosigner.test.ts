// Tests the deployment of a hosted Co-signer in prod: its protection against deletion, and its machine image.
import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  EC2Client,
  ModifyInstanceAttributeCommand,
} from '@aws-sdk/client-ec2';
import t from 'tap';
import { clientOptions } from '../helpers/aws.js';
import { type AwsProxy, json, parameter } from '../helpers/aws-proxy.js';
import type { Workspace } from '../helpers/operator.js';
import { scenarios } from '../helpers/scenarios.js';
import { CHOICES } from '../helpers/settings.js';

// Runs several deployments.
t.setTimeout(300_000);

/** @returns the calls that gave the Co-signer's stack a machine image, and that image */
function imagesIn({ calls }: AwsProxy): readonly (readonly [action: string, image: string | undefined])[] {
  const cosigner = calls.filter((call) => parameter(call, 'StackName') === 'fireblocks-prod-cosigner');
  return cosigner
    .filter(({ action }) => action === 'CreateStack' || action === 'UpdateStack')
    .map((call) => {
      const index = [1, 2, 3, 4, 5, 6, 7, 8, 9].find(
        (one) => parameter(call, `Parameters.member.${one}.ParameterKey`) === 'CosignerImageId',
      );
      return [call.action, parameter(call, `Parameters.member.${index ?? 0}.ParameterValue`)];
    });
}

t.test('a hosted Co-signer in prod', async (t) => {
  const { moto, proxy, scenario } = await scenarios(t);
  const ec2 = new EC2Client(clientOptions(moto.endpoint));
  const host = async () => {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({}));
    const { InstanceId, ImageId = '' } = Reservations[0]?.Instances?.[0] ?? {};
    const { DisableApiTermination } = await ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'disableApiTermination' }),
    );
    return { id: InstanceId, image: ImageId, isProtected: DisableApiTermination?.Value };
  };
  const unprotect = async () => {
    const { id: InstanceId } = await host();
    await ec2.send(
      new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination: { Value: false } }),
    );
  };
  const deploy = async (place: Workspace) => {
    proxy.calls.length = 0;
    return place.run('deploy', '--env', 'prod', '--yes');
  };

  scenario('is protected once it is created, and keeps its image', async (t, place) => {
    place.settings(CHOICES.cosigner);
    t.match(await deploy(place), { code: 0, stdout: /protected against deletion/ });
    const { image, isProtected } = await host();
    t.equal(isProtected, true);
    t.match(image, /^ami-/);
    t.strictSame(imagesIn(proxy), [['CreateStack', image]]);

    // Amazon publishes another image.
    proxy.before = ({ action, body }) =>
      action === 'GetParameter' && body.includes('ami-amazon-linux-latest')
        ? json({ Parameter: { Value: 'ami-0fedcba9876543210' } })
        : undefined;
    t.match(await deploy(place), { code: 0, stdout: /Nothing to change/ });

    await unprotect();
    t.match(await deploy(place), { code: 0, stdout: /protect: AWS::EC2::Instance against deletion/ });
    t.equal((await host()).isProtected, true);

    // Version 0.7.0 named the parameter otherwise. Its template stated the protection, so that the update removes it.
    proxy.after = async ({ action }, reply) => {
      if (action === 'UpdateStack') await unprotect();
      return action === 'DescribeStacks' || action === 'GetTemplate'
        ? { ...reply, body: reply.body.replaceAll('CosignerImageId', 'LatestAmazonLinux') }
        : undefined;
    };
    const { code, stdout, stderr } = await deploy(place);
    t.equal(code, 0, stderr);
    t.match(stdout, `CosignerImageId: none → ${image}`);
    t.strictSame(imagesIn(proxy), [['UpdateStack', image]]);
    t.equal((await host()).isProtected, true, 'protected again');
  });
});
