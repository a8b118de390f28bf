// Step: creates the load balancer's certificate, or checks the one specified in the settings.
import {
  type Certificate,
  checkGivenCertificate,
  describeCertificate,
  findImported,
  importNewCertificate,
  isValidFor,
  WARNING_DAYS,
} from '../../aws/acm.js';
import { type Change, type DeploymentRun, NO_CHANGE, type Report, type Step } from '../step.js';

export interface CertificateStep extends Step {
  /** Undefined until it is known. Always undefined if the settings specify the certificate or the stack issues it. */
  arn(): string | undefined;
}

export function certificateStep(deployment: DeploymentRun): CertificateStep {
  const { certificate: setting } = deployment.session.settings;
  let arn: string | undefined;
  return {
    name: 'certificate',
    arn: () => arn,
    async inspect() {
      if (setting === 'private') {
        const found = await findCertificate(deployment);
        arn = found?.arn;
        return inspectPrivate(deployment, found);
      }
      if ('arn' in setting) {
        const certificate = await checkGivenCertificate(deployment.session, setting.arn);
        warnBeforeExpiry(deployment, certificate, 'renew it');
      }
      return NO_CHANGE;
    },
    async apply(report) {
      arn = await importCertificate(deployment, report);
    },
  };
}

function inspectPrivate(deployment: DeploymentRun, found: Certificate | undefined): Change {
  const { session, options } = deployment;
  if (found === undefined) {
    const summary = `create a CA and a certificate for ${session.settings.hostName}, and import the certificate into ACM`;
    return { action: 'create', summary, details: [] };
  }
  if (options.renewCertificate) {
    const summary = `replace the certificate, which expires in ${found.daysLeft ?? '?'} days, with one from a new CA`;
    return { action: 'renew', summary, details: [] };
  }
  warnBeforeExpiry(
    deployment,
    found,
    'replace it with --renew-certificate, then give the new one to the Co-signer',
  );
  return NO_CHANGE;
}

async function importCertificate(deployment: DeploymentRun, report: Report): Promise<string> {
  const { session, options, notes } = deployment;
  const arn = await importNewCertificate(session, (await findCertificate(deployment))?.arn);
  report(`imported as ${arn}`);
  if (options.renewCertificate) {
    notes.push(
      "The certificate was renewed: give the Co-signer the new one now; until then it can't connect.",
    );
  }
  return arn;
}

/** @returns the certificate that the stack uses for the host name; otherwise, one imported by an earlier deployment */
async function findCertificate({ session, deployed }: DeploymentRun): Promise<Certificate | undefined> {
  const usedArn = deployed.get('callback')?.parameters['CertificateArn'];
  const used = usedArn === undefined ? undefined : await describeCertificate(session, usedArn);
  const candidates = [...(used === undefined ? [] : [used]), ...(await findImported(session))];
  return candidates.find((candidate) => isValidFor(candidate, session.settings.hostName));
}

function warnBeforeExpiry(
  { session, notes }: DeploymentRun,
  { daysLeft, imported }: Certificate,
  advice: string,
): void {
  // ACM renews the certificates that it has issued.
  if (!imported || daysLeft === undefined || daysLeft >= WARNING_DAYS) return;
  notes.push(`The certificate for ${session.settings.hostName} expires in ${daysLeft} days: ${advice}.`);
}
