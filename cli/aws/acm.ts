// Finds, checks, creates and imports the load balancer's certificate in ACM.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import {
  type CertificateDetail,
  DescribeCertificateCommand,
  GetCertificateCommand,
  ImportCertificateCommand,
  ListTagsForCertificateCommand,
  paginateListCertificates,
} from '@aws-sdk/client-acm';
import { makeCertificate } from './private-certificate.js';
import { DeployError, isAwsError } from './error.js';
import { readPrivateFile, writePrivateFile } from './private-files.js';
import type { Session } from './session.js';

/** Files in the key directory that the Co-signer is configured to trust. Neither is a secret. */
export const CERTIFICATE_FILES = { ca: 'tls_ca.pem', certificate: 'tls.pem' } as const;

/** The operator is warned this many days before a certificate expires. */
export const WARNING_DAYS = 30;
const DAY_MS = 86_400_000;

export interface Certificate {
  readonly arn: string;
  readonly status: string;
  readonly expires: Date | undefined;
  /** Whole days; negative once it has expired. */
  readonly daysLeft: number | undefined;
  readonly names: readonly string[];
  readonly imported: boolean;
}

/** @returns undefined if no certificate has this ARN */
export async function describeCertificate(
  { aws: { acm } }: Pick<Session, 'aws'>,
  arn: string,
): Promise<Certificate | undefined> {
  try {
    const { Certificate: detail } = await acm.send(new DescribeCertificateCommand({ CertificateArn: arn }));
    return detail === undefined ? undefined : toCertificate(arn, detail);
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
    throw error;
  }
}

/** @returns the certificates that earlier deployments imported, recognized by their tags; the latest expiry first */
export async function findImported(session: Session): Promise<readonly Certificate[]> {
  const { aws } = session;
  const found: Certificate[] = [];
  for await (const { CertificateSummaryList = [] } of paginateListCertificates({ client: aws.acm }, {})) {
    for (const { CertificateArn: arn = '' } of CertificateSummaryList) {
      const { Tags = [] } = await aws.acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
      const isOurs = tagsFor(session).every(({ Key, Value }) =>
        Tags.some((tag) => tag.Key === Key && tag.Value === Value),
      );
      const certificate = isOurs ? await describeCertificate(session, arn) : undefined;
      if (certificate?.imported === true) found.push(certificate);
    }
  }
  return found.sort((a, b) => (b.daysLeft ?? 0) - (a.daysLeft ?? 0));
}

/**
 * Creates a CA and a certificate, and imports the certificate. Neither private key is written to disk.
 * @param arn the certificate to replace; load balancers that use it switch at once. By default, a new one is imported
 * @returns the ARN
 */
export async function importNewCertificate(session: Session, arn?: string): Promise<string> {
  const { aws, settings, keyDirectory } = session;
  const created = await makeCertificate(settings.hostName);
  const { CertificateArn = '' } = await aws.acm.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(created.certificate),
      CertificateChain: Buffer.from(created.ca),
      PrivateKey: Buffer.from(created.privateKey),
      // ACM accepts tags only when a certificate is first imported.
      ...(arn === undefined ? { Tags: tagsFor(session) } : { CertificateArn: arn }),
    }),
  );
  await writePrivateFile(join(keyDirectory, CERTIFICATE_FILES.ca), created.ca);
  await writePrivateFile(join(keyDirectory, CERTIFICATE_FILES.certificate), created.certificate);
  return CertificateArn;
}

/** Updates the files in the key directory to match the certificate in ACM. */
export async function fetchCertificate({ aws, keyDirectory }: Session, arn: string): Promise<void> {
  const { Certificate: certificate = '', CertificateChain: ca = '' } = await aws.acm.send(
    new GetCertificateCommand({ CertificateArn: arn }),
  );
  for (const [name, pem] of [
    [CERTIFICATE_FILES.ca, ca],
    [CERTIFICATE_FILES.certificate, certificate],
  ] as const) {
    const file = join(keyDirectory, name);
    const local = await readPrivateFile(file);
    if (pem !== '' && (local === undefined || !isSame(local, pem)))
      await writePrivateFile(file, `${pem.trim()}\n`);
  }
}

/** @throws {DeployError} if a load balancer can't serve the host name with this certificate */
export async function checkGivenCertificate(session: Session, arn: string): Promise<Certificate> {
  const { hostName } = session.settings;
  const certificate = await describeCertificate(session, arn);
  if (certificate === undefined) {
    throw new DeployError(
      'CERTIFICATE_MISSING',
      `there is no certificate ${arn}`,
      'correct the ARN in the settings',
    );
  }
  if (certificate.status !== 'ISSUED') {
    throw new DeployError(
      'CERTIFICATE_NOT_ISSUED',
      `certificate ${arn} has status ${certificate.status}`,
      'wait until it is issued, or set another certificate in the settings',
    );
  }
  if (!isValidFor(certificate, hostName)) {
    throw new DeployError(
      'CERTIFICATE_OF_OTHER_NAME',
      `certificate ${arn} is for ${certificate.names.join(', ')}, not for ${hostName}`,
      'correct hostName or certificate in the settings',
    );
  }
  return certificate;
}

/** Whether a TLS client accepts the certificate for the host name. */
export function isValidFor({ names }: Pick<Certificate, 'names'>, hostName: string): boolean {
  const subjectaltname = names.map((name) => `DNS:${name}`).join(', ');
  // Node.js checks only these two fields.
  const certificate = { subject: {}, subjectaltname } as PeerCertificate;
  return checkServerIdentity(hostName, certificate) === undefined;
}

function toCertificate(arn: string, detail: CertificateDetail): Certificate {
  const expires = detail.NotAfter;
  return {
    arn,
    status: detail.Status ?? 'unknown',
    expires,
    daysLeft: expires && Math.floor((expires.getTime() - Date.now()) / DAY_MS),
    names: [...new Set([detail.DomainName ?? [], detail.SubjectAlternativeNames ?? []].flat())],
    imported: detail.Type === 'IMPORTED',
  };
}

function tagsFor({ settings, environment }: Session) {
  return [
    { Key: 'Project', Value: settings.projectName },
    { Key: 'Environment', Value: environment },
    { Key: 'ManagedBy', Value: 'callback-handler-deploy' },
  ];
}

function isSame(a: string, b: string): boolean {
  try {
    return new X509Certificate(a).fingerprint256 === new X509Certificate(b).fingerprint256;
  } catch {
    return false;
  }
}
