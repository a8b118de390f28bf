// The load balancer's certificate: found in ACM, judged, or made and imported.
import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
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

/** In the key directory: what the Co-signer is given to trust. Neither is a secret. */
export const CERTIFICATE_FILES = { ca: 'tls_ca.pem', certificate: 'tls.pem' } as const;

/** Before its end a certificate is warned of for so long. */
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

/** @returns undefined if there is none of this ARN */
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

/** Those that earlier deployments imported, the longest valid first: known by tags, so that nothing has to be remembered. */
export async function findImported(session: Session): Promise<readonly Certificate[]> {
  const { aws } = session;
  const found: Certificate[] = [];
  for await (const { CertificateSummaryList = [] } of paginateListCertificates({ client: aws.acm }, {})) {
    for (const { CertificateArn: arn = '' } of CertificateSummaryList) {
      const { Tags = [] } = await aws.acm.send(new ListTagsForCertificateCommand({ CertificateArn: arn }));
      const isOurs = tagsOf(session).every(({ Key, Value }) =>
        Tags.some((tag) => tag.Key === Key && tag.Value === Value),
      );
      const certificate = isOurs ? await describeCertificate(session, arn) : undefined;
      if (certificate?.imported === true) found.push(certificate);
    }
  }
  return found.sort((a, b) => (b.daysLeft ?? 0) - (a.daysLeft ?? 0));
}

/**
 * Makes a CA and a certificate, and imports it. Neither private key is written anywhere.
 * @param arn of the certificate whose place it takes; load balancers that use it follow at once
 */
export async function importNewCertificate(session: Session, arn?: string): Promise<string> {
  const { aws, settings, keyDirectory } = session;
  const made = await makeCertificate(settings.hostName);
  const { CertificateArn = '' } = await aws.acm.send(
    new ImportCertificateCommand({
      Certificate: Buffer.from(made.certificate),
      CertificateChain: Buffer.from(made.ca),
      PrivateKey: Buffer.from(made.privateKey),
      // ACM takes tags with a first import alone.
      ...(arn === undefined ? { Tags: tagsOf(session) } : { CertificateArn: arn }),
    }),
  );
  await writePrivateFile(join(keyDirectory, CERTIFICATE_FILES.ca), made.ca);
  await writePrivateFile(join(keyDirectory, CERTIFICATE_FILES.certificate), made.certificate);
  return CertificateArn;
}

/** Sees that the key directory holds what ACM holds. */
export async function fetchCertificate({ aws, keyDirectory }: Session, arn: string): Promise<void> {
  const { Certificate: certificate = '', CertificateChain: ca = '' } = await aws.acm.send(
    new GetCertificateCommand({ CertificateArn: arn }),
  );
  for (const [name, pem] of [
    [CERTIFICATE_FILES.ca, ca],
    [CERTIFICATE_FILES.certificate, certificate],
  ] as const) {
    const file = join(keyDirectory, name);
    const there = await readPrivateFile(file);
    if (pem !== '' && (there === undefined || !isSame(there, pem)))
      await writePrivateFile(file, `${pem.trim()}\n`);
  }
}

/** @throws {DeployError} if a load balancer can't serve the host name with it */
export async function checkGivenCertificate(session: Session, arn: string): Promise<Certificate> {
  const { hostName } = session.settings;
  const certificate = await describeCertificate(session, arn);
  if (certificate === undefined) {
    throw new DeployError(
      'CERTIFICATE_MISSING',
      `there is no certificate ${arn}`,
      'set its ARN in the settings',
    );
  }
  if (certificate.status !== 'ISSUED') {
    throw new DeployError(
      'CERTIFICATE_NOT_ISSUED',
      `certificate ${arn} is ${certificate.status}`,
      'have it issued, or name another in the settings',
    );
  }
  if (!isFor(certificate, hostName)) {
    throw new DeployError(
      'CERTIFICATE_OF_OTHER_NAME',
      `certificate ${arn} is for ${certificate.names.join(', ')}, not for ${hostName}`,
      'set hostName or certificate in the settings',
    );
  }
  return certificate;
}

export function isFor({ names }: Certificate, hostName: string): boolean {
  return names.some((name) => covers(name, hostName));
}

/** A wildcard stands for one label (RFC 6125). */
export function covers(certificateName: string, hostName: string): boolean {
  if (certificateName === hostName) return true;
  const [, parent] = /^\*\.(.+)$/.exec(certificateName) ?? [];
  return parent !== undefined && hostName.slice(hostName.indexOf('.') + 1) === parent;
}

function toCertificate(arn: string, detail: CertificateDetail): Certificate {
  const expires = detail.NotAfter;
  return {
    arn,
    status: detail.Status ?? 'unknown',
    expires,
    daysLeft: expires && Math.floor((expires.getTime() - Date.now()) / DAY_MS),
    names: [...new Set([detail.DomainName ?? '', ...(detail.SubjectAlternativeNames ?? [])])],
    imported: detail.Type === 'IMPORTED',
  };
}

function tagsOf({ settings, environment }: Session) {
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
