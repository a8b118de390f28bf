// Manual steps on the Co-signer's side once the service runs.
import { join } from 'node:path';
import { callbackUrl, consoleOrigin } from '../../infra/settings.js';
import { NITRO_VERSION, SGX_VERSION } from '../../infra/settings/warnings.js';
import { KEY_FILES } from '../../src/keys/directory.js';
import type { AnswerAlgorithm } from '../../src/protocol/key.js';
import { HEALTH_PATH } from '../../src/timeouts.js';
import { CERTIFICATE_FILES } from '../aws/acm.js';
import type { PublicKey } from '../aws/callback-key.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';

export interface NextSteps {
  /** Callback URL to configure in the Co-signer. */
  readonly callbackUrl: string;
  /** Option to choose in the Co-signer's installer. */
  readonly installerOption: string;
  /** Files on this machine to give to the installer. */
  readonly files: readonly string[];
  /** The algorithm of the handler's key. The Co-signer must support it. */
  readonly algorithm: AnswerAlgorithm;
  /** Command that registers the Co-signer's public key. */
  readonly registerCommand: string;
  /** Address of the console; undefined without one. */
  readonly console: string | undefined;
  readonly text: readonly string[];
}

interface Inputs {
  /** Address of the console; undefined without one. */
  readonly console: string | undefined;
  readonly hostName: string;
  /** URL at which the Co-signer's host checks that it reaches the handler. */
  readonly healthUrl: string;
  readonly algorithm: AnswerAlgorithm;
  readonly callbackUrl: string;
  readonly registerCommand: string;
  /** Whether a private CA issued the certificate. */
  readonly isPrivate: boolean;
  /** Paths on this machine. */
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly caFile: string;
  /** Lines that show the handler's public key. */
  readonly key: readonly string[];
}

/** What a deployment replaced of what the Co-signer knows. */
export interface Replaced {
  readonly key: boolean;
  readonly certificate: boolean;
}

/**
 * @param publicKey the handler's own; undefined if none is recorded
 * @param apiUrl the callback URL of the API; undefined without an API
 */
export function nextSteps(
  session: Session,
  publicKey: PublicKey | undefined,
  replaced: Replaced = { key: false, certificate: false },
  apiUrl?: string,
): NextSteps {
  const { settings, keyDirectory } = session;
  const withApi = settings.front === 'api';
  const url = withApi ? (apiUrl ?? '') : callbackUrl(settings);
  const keyFile = join(keyDirectory, KEY_FILES.callbackPublic);
  const key = publicKey?.pem ?? 'unknown: it has just been replaced; run the same command again';
  const algorithm = publicKey?.algorithm ?? settings.callbackKeyAlgorithm;
  const inputs: Inputs = {
    console: settings.console && consoleOrigin(settings),
    hostName: settings.hostName,
    healthUrl: `${url.slice(0, url.length - settings.basePath.length)}${HEALTH_PATH}`,
    algorithm,
    callbackUrl: url,
    registerCommand: npmCommand(session, 'keys', 'cosigner cosigner_public.pem'),
    isPrivate: !withApi && settings.certificate === 'private',
    keyFile,
    certificateFile: join(keyDirectory, CERTIFICATE_FILES.certificate),
    caFile: join(keyDirectory, CERTIFICATE_FILES.ca),
    key: [
      `   ${keyFile}:`,
      ...key
        .trim()
        .split('\n')
        .map((line) => `   ${line}`),
    ],
  };
  const steps = settings.auth === 'jwt' ? stepsForJwt(inputs) : stepsForJson(inputs);
  const first = replacementLines(inputs, { ...replaced, key: replaced.key && settings.auth === 'jwt' });
  if (first.length === 0) return steps;
  return { ...steps, text: [...first, '', 'To set up a Co-signer anew:', ...steps.text] };
}

function replacementLines(
  { keyFile, caFile, certificateFile }: Inputs,
  { key, certificate }: Replaced,
): readonly string[] {
  return [
    ...(key
      ? [`Give the Co-signer the new public key, ${keyFile}: until then it rejects every answer.`]
      : []),
    ...(certificate
      ? [
          `Give the Co-signer the new root CA, ${caFile}, or, if it pins the certificate, ${certificateFile}:`,
          "until then it can't connect.",
        ]
      : []),
  ];
}

function stepsForJwt(inputs: Inputs): NextSteps {
  const { callbackUrl, registerCommand, algorithm, isPrivate, keyFile, certificateFile, caFile, key } =
    inputs;
  return {
    callbackUrl,
    installerOption: isPrivate ? 'public key with root CA or certificate pinning' : 'public key',
    files: isPrivate ? [keyFile, caFile, certificateFile] : [keyFile],
    algorithm,
    registerCommand,
    console: inputs.console,
    text: [
      `1. In the Co-signer's installer, enter the URL   ${callbackUrl}`,
      ...(isPrivate
        ? privateCertificateLines(inputs)
        : ['2. Choose the option "public key", and paste the handler\'s public key:']),
      ...key,
      ...algorithmLines(algorithm),
      '3. Once the Co-signer is installed, register its public key:',
      ...registration(inputs),
      ...check(4, inputs),
      ...consoleLines(5, inputs),
    ],
  };
}

function algorithmLines(algorithm: AnswerAlgorithm): readonly string[] {
  return algorithm === 'RS256'
    ? ['   It is an RSA key (RS256), which every Co-signer accepts.']
    : [
        `   It is a P-256 key (ES256): the Co-signer must be an AWS Nitro Co-signer of version ${NITRO_VERSION} or later.`,
      ];
}

function privateCertificateLines({ caFile, certificateFile }: Inputs): readonly string[] {
  return [
    '2. Your own CA issued the certificate. Choose an option that includes it:',
    `   "public key with root CA" (option 5), and provide ${caFile}`,
    `   or "public key with certificate pinning" (option 4), and provide ${certificateFile}`,
    "   Set these options up with the script on the Co-signer's host: the Console sets up options 1 and 2 only.",
    `   SGX Co-signers have them from version ${SGX_VERSION} on. AWS Nitro Co-signers may have them from version`,
    `   ${NITRO_VERSION} on: check with Fireblocks. For an older one, use a certificate from a public CA, or "auth": "json".`,
    "   Then paste the handler's public key:",
  ];
}

function stepsForJson(inputs: Inputs): NextSteps {
  const { hostName, callbackUrl, registerCommand, algorithm, isPrivate } = inputs;
  const { certificateFile, caFile, key } = inputs;
  const option = isPrivate
    ? [
        `2. Choose "certificate pinning", and provide   ${certificateFile}`,
        `   or, with Co-signer 2025.12.11 or later, "root CA", and provide   ${caFile}`,
        "   Set up the root CA with the script on the Co-signer's host: the Console sets up options 1 and 2 only.",
      ]
    : [`2. Choose "certificate pinning" or "root CA", and provide the certificate of ${hostName} or its CA`];
  return {
    callbackUrl,
    installerOption: 'certificate pinning, or root CA',
    files: isPrivate ? [certificateFile, caFile] : [],
    algorithm,
    registerCommand,
    console: inputs.console,
    text: [
      `1. In the Co-signer's installer, enter the URL   ${callbackUrl}`,
      ...option,
      '   With these options the Co-signer uses JSON: nothing is signed, and requests are not authenticated.',
      ...check(3, inputs),
      '4. If you change to JWT later ("auth": "jwt"), give the Co-signer the handler\'s public key,',
      ...key,
      "   and register the Co-signer's public key:",
      ...registration(inputs),
      ...consoleLines(5, inputs),
    ],
  };
}

function consoleLines(number: number, { console: origin }: Inputs): readonly string[] {
  if (origin === undefined) return [];
  return [
    `${number}. The console is at ${origin}: "The console" in DEPLOYMENT.md has the way to it. Approvers enrol at`,
    `   ${origin}/enrol, and you enter what the page shows in the policy.`,
  ];
}

function registration({ registerCommand }: Inputs): readonly string[] {
  return [
    '   on its host       sudo cosigner print-public-key > cosigner_public.pem',
    `   on this machine   ${registerCommand}`,
  ];
}

function check(number: number, { healthUrl, isPrivate }: Inputs): readonly string[] {
  const caOption = isPrivate ? `--cacert ${CERTIFICATE_FILES.ca} ` : '';
  return [
    `${number}. From the Co-signer's host, check that it can reach the handler:`,
    `   curl ${caOption}${healthUrl}`,
  ];
}
