// Tests `--status --drift`, and that the doctor shows its result. moto_server does not detect drift: test/helpers/drift.ts
// replies as CloudFormation's API reference documents.
import { CloudFormationClient, CreateStackCommand } from '@aws-sdk/client-cloudformation';
import t from 'tap';
import type { StatusReport } from '../../cli/deploy/status-report.js';
import type { Report } from '../../cli/doctor/report.js';
import { clientOptions } from '../helpers/aws.js';
import { addDriftDetection } from '../helpers/drift.js';
import { REVERT } from '../helpers/doctor.js';
import type { Workspace } from '../helpers/operator.js';
import { fails, scenarios } from '../helpers/scenarios.js';

t.setTimeout(300_000);

const CHECKED = '2026-11-20T10:00:00.000Z';
const FOUNDATION = 'fireblocks-dev-foundation';
const SECURITY = 'fireblocks-dev-security';
const LEFT_OVER = 'fireblocks-dev-api';

t.test('drift', async (t) => {
  const { moto, proxy, scenario } = await scenarios(t);

  /** Two stacks are enough, and quick to deploy. */
  const deployTwo = async (place: Workspace): Promise<void> => {
    place.settings({});
    t.equal((await place.run('deploy', '--yes', '--only-stacks', 'foundation,security')).code, 0);
  };
  const actions = () => proxy.calls.map(({ action }) => action).filter((action) => action.includes('Drift'));

  scenario('no detection is started without --drift', async (t, place) => {
    await deployTwo(place);
    addDriftDetection(proxy, {});
    const { code, stdout } = await place.run('deploy', '--status');
    t.equal(code, 0);
    t.match(stdout, /^drift +not detected yet: --status --drift detects it, in minutes$/m);
    t.strictSame(actions(), []);
  });

  scenario('stacks that are in sync are shown, without a warning', async (t, place) => {
    await deployTwo(place);
    addDriftDetection(proxy, {});
    const { code, stdout } = await place.run('deploy', '--status', '--drift');
    t.equal(code, 0);
    for (const stack of [FOUNDATION, SECURITY])
      t.match(stdout, new RegExp(`IN_SYNC ${stack}, detected ${CHECKED}$`, 'm'));
    t.notMatch(stdout, 'changed outside of CloudFormation');
    t.equal(actions().filter((action) => action === 'DetectStackDrift').length, 2, 'not of absent stacks');
    t.notOk(actions().includes('DescribeStackResourceDrifts'));
  });

  scenario('what was changed by hand is named, by --status and by the doctor', async (t, place) => {
    await deployTwo(place);
    addDriftDetection(proxy, {
      changed: {
        [SECURITY]: { TaskToS3: 'DELETED', Key: 'IN_SYNC', AlbOut: 'MODIFIED', Policies: 'NOT_CHECKED' },
      },
    });
    const report = await place.json<StatusReport>('deploy', '--status', '--drift');
    t.match(
      report.stacks.map(({ stack, drift }) => [stack, drift]),
      [
        [FOUNDATION, { status: 'IN_SYNC', checked: CHECKED, resources: [] }],
        [SECURITY, { status: 'DRIFTED', checked: CHECKED, resources: ['TaskToS3', 'AlbOut'] }],
      ],
    );
    t.match(
      report.warnings.filter(({ code }) => code === 'DRIFTED'),
      [
        {
          message: `${SECURITY} was changed outside of CloudFormation: TaskToS3, AlbOut (as of ${CHECKED})`,
          next: 'npm run deploy -- --status --drift -e dev',
        },
      ],
    );
    // Both read the last result, and start no detection.
    proxy.calls.length = 0;
    t.match(await place.run('deploy', '--status'), { code: 0, stdout: `DRIFTED ${SECURITY}` });
    const doctor = await place.json<Report>('doctor');
    const { findings = [] } = doctor.checks.find(({ check }) => check === 'stacks') ?? {};
    t.match(
      findings.filter(({ state }) => state === 'warning'),
      [{ text: `${SECURITY} was changed outside of CloudFormation, as of ${CHECKED}`, next: REVERT }],
    );
    t.notOk(actions().includes('DetectStackDrift'));
  });

  scenario('it is detected also for a stack that a change of settings has left over', async (t, place) => {
    place.settings({});
    const cloudformation = new CloudFormationClient(clientOptions(moto.endpoint));
    const Resources = { Topic: { Type: 'AWS::SNS::Topic' } };
    for (const StackName of [LEFT_OVER, 'fireblocks-staging-api'])
      await cloudformation.send(
        new CreateStackCommand({ StackName, TemplateBody: JSON.stringify({ Resources }) }),
      );
    addDriftDetection(proxy, { changed: { [LEFT_OVER]: { Topic: 'MODIFIED' } } });
    const { stacks } = await place.json<StatusReport>('deploy', '--status', '--drift');
    t.match(
      stacks.find(({ stack }) => stack === LEFT_OVER),
      { drift: { status: 'DRIFTED', resources: ['Topic'] } },
    );
    t.equal(actions().filter((action) => action === 'DetectStackDrift').length, 1);
  });

  scenario('a detection that fails is reported, with its reason', async (t, place) => {
    await deployTwo(place);
    const reason = 'Failed to detect drift on resource [TaskToS3]: access denied';
    addDriftDetection(proxy, { fails: { [SECURITY]: reason } });
    const ran = await place.run('deploy', '--status', '--drift');
    fails(
      t,
      ran,
      'DRIFT_UNKNOWN',
      /the drift of fireblocks-dev-security could not be detected: Failed/,
      'again',
    );
    t.match(ran.stderr.replaceAll(/\s+/g, ' '), reason);
    t.match(await place.run('deploy', '--status'), { code: 0, stdout: `IN_SYNC ${FOUNDATION}` });
  });

  scenario('--drift without --status is a usage error', async (t, place) => {
    place.settings({});
    t.match(await place.run('deploy', '--drift'), { code: 2, stderr: '--drift belongs to --status' });
  });
});
