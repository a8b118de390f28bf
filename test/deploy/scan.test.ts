// Tests that a deployment waits for ECR's scan of the image, and refuses critical findings.
import { ECRClient } from '@aws-sdk/client-ecr';
import t, { type Test } from 'tap';
import type { Session } from '../../cli/aws/session.js';
import { scanNotes, waitForScan } from '../../cli/deploy/scan.js';
import { clientOptions, NAMES } from '../helpers/aws.js';
import { type AwsCall, awsError, type AwsReply, isMutating, json } from '../helpers/aws-proxy.js';
import { emulateCodeBuild, putImage } from '../helpers/codebuild.js';
import type { Workspace } from '../helpers/operator.js';
import { fails, scenarios } from '../helpers/scenarios.js';

t.setTimeout(600_000);

const COMPLETED = { imageScanCompletedAt: 1_795_000_000 };

function reply(status: string, imageScanFindings: object = {}, more: object = {}): AwsReply {
  const imageScanStatus = { status, description: 'as ECR says.' };
  return json({ imageScanStatus, imageScanFindings, ...more });
}

function basic(name: string, severity: string): object {
  const attributes = [
    { key: 'package_name', value: 'zlib' },
    { key: 'package_version', value: '1.2.13' },
  ];
  return { name, severity, attributes };
}

function enhanced(vulnerabilityId: string, fixAvailable: string): object {
  const vulnerablePackages = [{ name: 'openssl', version: '3.0.1' }];
  return {
    title: `${vulnerabilityId} - openssl`,
    severity: 'CRITICAL',
    fixAvailable,
    packageVulnerabilityDetails: { vulnerabilityId, vulnerablePackages },
  };
}

t.test('the scan of the image', async (t) => {
  const { account, moto, proxy, recovers, scenario } = await scenarios(t);

  /** @param replies ECR's, the last of which is repeated */
  const scanned = (...replies: readonly AwsReply[]) => {
    const build = emulateCodeBuild(moto.endpoint);
    let asked = 0;
    const answer = (call: AwsCall): AwsReply | undefined => {
      if (call.action !== 'DescribeImageScanFindings') return undefined;
      // Before the build, there is no image.
      if (!proxy.calls.some(({ action }) => action === 'StartBuild'))
        return awsError(call, 'ImageNotFoundException', 'not found');
      return replies[Math.min(asked++, replies.length - 1)];
    };
    proxy.before = async (call) => answer(call) ?? (await build(call));
    return () => asked;
  };
  const refused = async (t: Test, place: Workspace, finding: RegExp, names: string): Promise<void> => {
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'IMAGE_VULNERABLE', /ECR's scan of image [0-9a-f]{12} has 1 critical finding/, names);
    t.match(ran.stderr, finding);
    t.notOk(
      (await account.stacks()).some(({ name }) => name.endsWith('-callback')),
      'the service is untouched',
    );
    t.strictSame(
      proxy.calls.filter(({ action }) => action === 'PutParameter'),
      [],
    );
  };

  scenario('is waited for before the service uses the image', async (t, place) => {
    const none = {
      ...COMPLETED,
      findings: [basic('CVE-2026-3', 'HIGH')],
      findingSeverityCounts: { HIGH: 1 },
    };
    const asked = scanned(reply('PENDING'), reply('IN_PROGRESS'), reply('COMPLETE', none));
    const { code, stdout, stderr } = await place.run('deploy', '--yes');
    t.equal(code, 0, stderr);
    t.match(stdout, new RegExp(`^scan +wait for the scan of image ${place.tag}$`, 'm'));
    t.match(stdout, 'the scan is IN_PROGRESS: as ECR says');
    t.equal(asked(), 3);
    t.notMatch(stdout, 'runs with');
    const again = await place.run('deploy', '--yes');
    t.match(again, { code: 0, stdout: /Nothing to change/ });
    t.notMatch(again.stdout, /^scan /m, 'an image that runs already is not checked again');
  });

  scenario('refuses critical findings of basic scanning until they are accepted', async (t, place) => {
    const findings = [basic('CVE-2023-1', 'CRITICAL'), basic('CVE-2026-3', 'MEDIUM')];
    scanned(reply('COMPLETE', { ...COMPLETED, findings, findingSeverityCounts: { CRITICAL: 1 } }));
    await refused(t, place, /CVE-2023-1 in zlib 1\.2\.13/, '--accept-findings CVE-2023-1');

    proxy.calls.splice(0, proxy.calls.length, {
      url: '/',
      service: 'codebuild',
      action: 'StartBuild',
      body: '',
    });
    const preview = await place.run('deploy', '--dry-run');
    fails(t, preview, 'IMAGE_VULNERABLE', /CVE-2023-1/, '--accept-findings CVE-2023-1');
    const other = await place.run('deploy', '--yes', '--accept-findings', 'CVE-2023-2');
    fails(t, other, 'IMAGE_VULNERABLE', /CVE-2023-1/, '--accept-findings CVE-2023-2,CVE-2023-1');
    t.strictSame(proxy.calls.slice(1).filter(isMutating), [], 'and nothing was changed');
    const accepted = await place.run('deploy', '--yes', '--accept-findings', 'CVE-2023-1');
    t.match(accepted, { code: 0, stdout: /Note {2}Image [0-9a-f]{12} runs with CVE-2023-1 in zlib/ });
  });

  scenario('refuses critical findings of enhanced scanning that have a fix', async (t, place) => {
    const both = [enhanced('CVE-2026-1', 'YES'), enhanced('CVE-2026-2', 'NO')];
    // At first, Inspector reports that it is complete, but has no findings yet.
    const early = reply('ACTIVE', { findings: [] });
    scanned(early, early, reply('ACTIVE', { ...COMPLETED, enhancedFindings: both }));
    await refused(t, place, /CVE-2026-1 in openssl 3\.0\.1/, '--accept-findings CVE-2026-1\n');
    t.equal((await place.run('deploy', '--yes', '--accept-findings', 'CVE-2026-1')).code, 0);
  });

  scenario('with --image-tag refuses the image before anything is changed', async (t, place) => {
    t.equal((await place.run('deploy', '--yes')).code, 0);
    await putImage(moto.endpoint, 'older');
    const findings = [basic('CVE-2023-1', 'CRITICAL')];
    proxy.before = ({ action, body }) =>
      action === 'DescribeImageScanFindings' && body.includes('"older"')
        ? reply('COMPLETE', { ...COMPLETED, findings })
        : undefined;
    proxy.calls.length = 0;
    const ran = await place.run('deploy', '--yes', '--image-tag', 'older');
    fails(t, ran, 'IMAGE_VULNERABLE', /scan of image older/, '--accept-findings CVE-2023-1');
    t.strictSame(proxy.calls.filter(isMutating), []);
    const all = await place.run('deploy', '--yes', '--image-tag', 'older', '--accept-findings', 'all');
    t.equal(all.code, 0, all.stderr);
  });

  scenario('is noted if ECR does not support the image', async (t, place) => {
    scanned(reply('UNSUPPORTED_IMAGE'));
    const { code, stdout } = await place.run('deploy', '--yes');
    t.equal(code, 0);
    t.match(stdout, /^Note {2}Image .* without the result of a scan: the scan is UNSUPPORTED_IMAGE/m);
  });

  scenario('that never begins is noted after a minute', async (t) => {
    let asked = 0;
    proxy.before = (call) => {
      asked++;
      return awsError(call, 'ScanNotFoundException', 'the scan has not begun');
    };
    let slept = 0;
    const session = {
      aws: { ecr: new ECRClient(clientOptions(proxy.endpoint)) },
      names: NAMES,
      emulated: false,
      sleep: (ms: number) => Promise.resolve(void (slept += ms)),
    } as unknown as Session;
    const scan = await waitForScan(session, 'a-tag', () => undefined);
    t.match(scanNotes('a-tag', scan), [
      'Image a-tag runs without the result of a scan: ECR has not scanned it.',
    ]);
    t.equal(slept, 60_000);
    t.equal(asked, 13);
  });

  scenario('that does not end stops the deployment, which continues later', async (t, place) => {
    const asked = scanned(reply('IN_PROGRESS'));
    const ran = await place.run('deploy', '--yes');
    fails(t, ran, 'IMAGE_NOT_SCANNED', /in 10 minutes \(the scan is IN_PROGRESS/, '--accept-findings all');
    t.equal(asked(), 120);
    await recovers(t, place);
  });

  scenario('is not among the options of other stacks', async (t, place) => {
    const ran = await place.run('deploy', '--yes', '--only-stacks', 'image', '--accept-findings', 'all');
    t.match(ran, { code: 2, stderr: /--accept-findings applies to the callback stack/ });
  });
});
