// The findings of ECR's scan of an image: basic scanning, or enhanced scanning by Amazon Inspector.
import {
  type DescribeImageScanFindingsResponse,
  type EnhancedImageScanFinding,
  type ImageScanFinding,
  paginateDescribeImageScanFindings,
} from '@aws-sdk/client-ecr';
import { DeployError, isAwsError } from '../aws/error.js';
import type { Session } from '../aws/session.js';
import { count } from '../terminal.js';
import type { Report } from './step.js';

const POLL_MS = 5000;
/** Number of polls within which a scan must end: ten minutes. */
const MAX_POLLS = 120;
/** Number of polls within which ECR must begin a scan, or report when it ended: a minute. */
const QUIET_POLLS = 12;
/** Number of findings listed in an error. */
const LISTED = 20;
/** With this name, all findings are accepted, and the scan is not waited for. */
export const ALL_FINDINGS = 'all';

export interface Finding {
  /** Such as `CVE-2026-1234`. */
  readonly name: string;
  /** The package that has it, with its version; empty if ECR names none. */
  readonly in: string;
  /** Whether the distribution has a fix; only enhanced scanning knows when it has none. */
  readonly fixable: boolean;
}

/**
 * - `complete`: `critical` has all critical findings
 * - `quiet`: no findings, but neither a time of completion. Enhanced scanning reports this until it has findings, and
 *   for an image without any
 * - `pending`, `missing`: the scan has not ended, or not begun
 * - `failed`: there will be no findings
 */
export interface Scan {
  readonly state: 'complete' | 'quiet' | 'pending' | 'missing' | 'failed';
  readonly critical: readonly Finding[];
  /** ECR's explanation of its state. */
  readonly reason: string;
}

const NO_SCAN: Scan = { state: 'missing', critical: [], reason: 'ECR has not scanned it' };

export async function readScan({ aws, names }: Session, tag: string): Promise<Scan> {
  const found: Finding[] = [];
  let scan = NO_SCAN;
  try {
    const pages = paginateDescribeImageScanFindings(
      { client: aws.ecr },
      { repositoryName: names.repository, imageId: { imageTag: tag } },
    );
    for await (const page of pages) {
      found.push(...criticalFindings(page));
      scan = { state: stateOf(page), critical: found, reason: reasonOf(page) };
    }
    return scan;
  } catch (error) {
    if (isAwsError(error, 'ScanNotFoundException', 'ImageNotFoundException', 'RepositoryNotFoundException'))
      return NO_SCAN;
    throw error;
  }
}

/** Waits until ECR has scanned the image. @throws {DeployError} if that takes too long */
export async function waitForScan(session: Session, tag: string, report: Report): Promise<Scan> {
  let last = '';
  for (let polls = 0; polls < MAX_POLLS; polls++) {
    const scan = await readScan(session, tag);
    const isUndecided = scan.state === 'quiet' || scan.state === 'missing';
    if (isUndecided && polls >= QUIET_POLLS) return scan;
    // An emulator scans only if it is configured to.
    if (scan.state === 'missing' && session.emulated) return scan;
    if (scan.state === 'complete' || scan.state === 'failed') return scan;
    if (scan.reason !== last) report(scan.reason);
    last = scan.reason;
    await session.sleep(POLL_MS);
  }
  throw new DeployError(
    'IMAGE_NOT_SCANNED',
    `ECR has not finished the scan of image ${tag} in ${(MAX_POLLS * POLL_MS) / 60_000} minutes (${last})`,
    `run the same command again later, or add --accept-findings ${ALL_FINDINGS} to run the image without the result`,
  );
}

/**
 * @param accepted names of findings
 * @throws {DeployError} if the image has critical findings that can be fixed and are not accepted
 */
export function assertNoCritical(tag: string, { critical }: Scan, accepted: readonly string[]): void {
  if (accepted.includes(ALL_FINDINGS)) return;
  const refused = critical.filter(({ name, fixable }) => fixable && !accepted.includes(name));
  if (refused.length === 0) return;
  const lines = refused.map((finding) => describe(finding));
  const names = [...new Set([...accepted, ...refused.map(({ name }) => name)])].join(',');
  throw new DeployError(
    'IMAGE_VULNERABLE',
    `ECR's scan of image ${tag} has ${count(refused.length, 'critical finding')}`,
    `update the base image or the dependency, commit, and run the same command again; or, after you have read about them, accept them: --accept-findings ${names}`,
    lines.length > LISTED ? [...lines.slice(0, LISTED), `and ${lines.length - LISTED} more`] : lines,
  );
}

/** @returns what the operator should know of a scan that does not prevent the deployment */
export function scanNotes(tag: string, { state, critical, reason }: Scan): readonly string[] {
  if (state === 'failed' || state === 'missing')
    return [`Image ${tag} runs without the result of a scan: ${reason}.`];
  if (critical.length === 0) return [];
  return [`Image ${tag} runs with ${critical.map((finding) => describe(finding)).join('; ')}.`];
}

function describe({ name, in: where, fixable }: Finding): string {
  return `${name}${where === '' ? '' : ` in ${where}`}${fixable ? '' : ' (there is no fix yet)'}`;
}

function stateOf({ imageScanStatus, imageScanFindings }: DescribeImageScanFindingsResponse): Scan['state'] {
  switch (imageScanStatus?.status) {
    case 'COMPLETE':
    case 'ACTIVE': {
      const { imageScanCompletedAt, findingSeverityCounts } = imageScanFindings ?? {};
      return imageScanCompletedAt === undefined && findingSeverityCounts === undefined ? 'quiet' : 'complete';
    }
    case undefined:
    case 'IN_PROGRESS':
    case 'PENDING':
      return 'pending';
    default:
      return 'failed';
  }
}

function reasonOf({ imageScanStatus }: DescribeImageScanFindingsResponse): string {
  const { status = 'PENDING', description } = imageScanStatus ?? {};
  return `the scan is ${status}${description === undefined ? '' : `: ${description.replace(/\.$/, '')}`}`;
}

function criticalFindings({ imageScanFindings }: DescribeImageScanFindingsResponse): readonly Finding[] {
  const { findings = [], enhancedFindings = [], findingSeverityCounts } = imageScanFindings ?? {};
  const found = [
    ...findings.filter(({ severity }) => severity === 'CRITICAL').map(fromBasic),
    ...enhancedFindings.filter(({ severity }) => severity === 'CRITICAL').map(fromEnhanced),
  ];
  const counted = findingSeverityCounts?.CRITICAL ?? 0;
  const listsNone = findings.length === 0 && enhancedFindings.length === 0;
  return listsNone && counted > 0 ? [{ name: `${counted} unnamed`, in: '', fixable: true }] : found;
}

function fromBasic({ name = 'unnamed', attributes = [] }: ImageScanFinding): Finding {
  const value = (wanted: string) => attributes.find(({ key }) => key === wanted)?.value ?? '';
  return { name, in: `${value('package_name')} ${value('package_version')}`.trim(), fixable: true };
}

function fromEnhanced(finding: EnhancedImageScanFinding): Finding {
  const { title = 'unnamed', fixAvailable, packageVulnerabilityDetails: details } = finding;
  const packages = details?.vulnerablePackages?.map(({ name = '', version = '' }) => `${name} ${version}`);
  return {
    name: details?.vulnerabilityId ?? title,
    in: packages?.join(', ').trim() ?? '',
    fixable: fixAvailable !== 'NO',
  };
}
