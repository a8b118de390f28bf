// Checks the certificate that the Co-signer sees.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { GetCertificateCommand } from '@aws-sdk/client-acm';
import {
  type Certificate,
  CERTIFICATE_FILES,
  describeCertificate,
  isValidFor,
  WARNING_DAYS,
} from '../../aws/acm.js';
import { npmCommand } from '../../aws/printed-commands.js';
import { readPrivateFile } from '../../aws/private-files.js';
import { certificateArn } from '../../deploy/status.js';
import { renewalOf } from '../../deploy/status-warnings.js';
import { revert } from '../advice.js';
import { type Finding, unlessAny, warning, wrong } from '../check.js';
import { httpsListener, type Scene } from '../scene.js';

export async function certificate(scene: Scene): Promise<readonly Finding[]> {
  const { session } = scene;
  const { hostName } = session.settings;
  const arn = await certificateArn(session, await scene.stack('callback'));
  const described = arn === undefined ? undefined : await describeCertificate(session, arn);
  if (described === undefined) {
    const text = `there is no certificate ${arn ?? `for ${hostName}`}`;
    return [wrong(text, npmCommand(session, 'deploy'))];
  }
  const { status, names, daysLeft = Infinity, expires } = described;
  const date = expires?.toISOString().slice(0, 10) ?? '?';
  const problems: Finding[] = [];
  if (daysLeft < 0) problems.push(wrong(`it ended on ${date}`, renewalOf(session)));
  else if (status !== 'ISSUED') problems.push(wrong(`it is ${status}`, renewalOf(session)));
  else if (daysLeft < WARNING_DAYS)
    problems.push(warning(`it ends on ${date}, in ${daysLeft} days`, renewalOf(session)));
  if (!isValidFor(described, hostName)) {
    problems.push(wrong(`it is for ${names.join(', ')}, not for ${hostName}`, renewalOf(session)));
  }
  problems.push(...(await useProblems(scene, described)), ...(await chainProblems(scene, described)));
  return unlessAny(problems, `for ${hostName}, ends on ${date}, in ${daysLeft} days`);
}

/** @returns nothing without a listener, which is reported by its own check */
async function useProblems(scene: Scene, { arn }: Certificate): Promise<readonly Finding[]> {
  const hasListener =
    (await scene.loadBalancer()) !== undefined && (await scene.listeners()).some(({ Port }) => Port === 443);
  if (!hasListener) return [];
  const { Certificates = [] } = await httpsListener(scene);
  if (Certificates.some(({ CertificateArn }) => CertificateArn === arn)) return [];
  const others = Certificates.map(({ CertificateArn = '' }) => CertificateArn).join(', ') || 'none';
  return [wrong(`the listener does not use it, but ${others}`, await revert(scene, 'callback'))];
}

/** ACM serves a certificate without checking who issued it, if it was imported. */
async function chainProblems(scene: Scene, { arn, imported }: Certificate): Promise<readonly Finding[]> {
  if (!imported) return [];
  const { session } = scene;
  const { Certificate: pem = '', CertificateChain: chain } = await session.aws.acm.send(
    new GetCertificateCommand({ CertificateArn: arn }),
  );
  const own = new X509Certificate(pem);
  if (chain === undefined || chain.trim() === '') {
    return own.checkIssued(own) ? [] : [wrong('it was imported without its chain', renewalOf(session))];
  }
  const issuer = new X509Certificate(chain);
  if (!own.checkIssued(issuer) || !own.verify(issuer.publicKey)) {
    return [wrong('the first certificate of its chain did not issue it', renewalOf(session))];
  }
  const file = join(session.keyDirectory, CERTIFICATE_FILES.ca);
  const local = await readPrivateFile(file);
  if (local === undefined || new X509Certificate(local).fingerprint256 === issuer.fingerprint256) return [];
  const next = `write the file again, then give it to the Co-signer: ${npmCommand(session, 'deploy')}`;
  return [
    warning(`${file} is not the CA that issued it: a Co-signer with that file does not trust it`, next),
  ];
}
