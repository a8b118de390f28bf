// Step: before the service uses an image, waits for ECR's scan of it, and refuses critical findings.
import { ALL_FINDINGS, assertNoCritical, readScan, type Scan, scanNotes, waitForScan } from '../scan.js';
import { imageList, wantedImages } from '../image.js';
import { type DeploymentRun, NO_CHANGE, type Step } from '../step.js';

export function scanStep({ session, actions, notes, options }: DeploymentRun): Step {
  const { acceptedFindings } = options;
  const tags = wantedImages(session.settings, options.tag).map((image) => image.tag);
  const check = (tag: string, scan: Scan): void => {
    assertNoCritical(tag, scan, acceptedFindings);
    if (!session.emulated || scan.state !== 'missing') notes.push(...scanNotes(tag, scan));
  };
  return {
    name: 'scan',
    async inspect() {
      const pending: string[] = [];
      for (const tag of tags) {
        // The images are deleted when their repository is recreated.
        const scan = actions.get('image') === 'recreate' ? undefined : await readScan(session, tag);
        if (scan?.state === 'complete') check(tag, scan);
        else pending.push(tag);
      }
      if (pending.length === 0) return NO_CHANGE;
      return { action: 'wait', summary: `wait for the scan of ${imageList(pending)}`, details: [] };
    },
    async apply(report) {
      const isSkipped = acceptedFindings.includes(ALL_FINDINGS);
      for (const tag of tags) {
        const scan = isSkipped ? await readScan(session, tag) : await waitForScan(session, tag, report);
        check(tag, scan);
        report(scan.state === 'missing' ? scan.reason : `${scan.critical.length} critical findings`);
      }
    },
  };
}
