// Step: before the service uses an image, waits for ECR's scan of it, and refuses critical findings.
import { ALL_FINDINGS, assertNoCritical, readScan, type Scan, scanNotes, waitForScan } from '../scan.js';
import { type DeploymentRun, NO_CHANGE, type Step } from '../step.js';

export function scanStep({ session, actions, notes, options }: DeploymentRun): Step {
  const { tag, acceptedFindings } = options;
  const check = (scan: Scan): void => {
    assertNoCritical(tag, scan, acceptedFindings);
    if (!session.emulated || scan.state !== 'missing') notes.push(...scanNotes(tag, scan));
  };
  return {
    name: 'scan',
    async inspect() {
      // The images are deleted when their repository is recreated.
      const scan = actions.get('image') === 'recreate' ? undefined : await readScan(session, tag);
      if (scan?.state === 'complete') {
        check(scan);
        return NO_CHANGE;
      }
      return { action: 'wait', summary: `wait for the scan of image ${tag}`, details: [] };
    },
    async apply(report) {
      const isSkipped = acceptedFindings.includes(ALL_FINDINGS);
      const scan = isSkipped ? await readScan(session, tag) : await waitForScan(session, tag, report);
      check(scan);
      report(scan.state === 'missing' ? scan.reason : `${scan.critical.length} critical findings`);
    },
  };
}
