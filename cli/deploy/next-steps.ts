// Manual steps on the Co-signer's side once the service runs.
import { join } from 'node:path';
import { KEY_FILES } from '../../src/keys/directory.js';
import { CERTIFICATE_FILES } from '../aws/acm.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';

export interface NextSteps {
  /** Callback URL to configure in the Co-signer. */
  readonly callbackUrl: string;
  /** Option to choose in the Co-signer's installer. */
  readonly installerOption: string;
  /** Files on this machine to give to the installer. */
  readonly files: readonly string[];
  /** Command that registers the Co-signer's public key. */
  readonly registerCommand: string;
  readonly text: readonly string[];
}

interface Inputs {
  readonly hostName: string;
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

/** @param publicKey the handler's own, PEM; undefined if it can't be read */
export function nextSteps(session: Session, publicKey: string | undefined): NextSteps {
  const { settings, keyDirectory } = session;
  const keyFile = join(keyDirectory, KEY_FILES.callbackPublic);
  const key = publicKey ?? 'unknown: the credentials do not allow reading the private key';
  const inputs: Inputs = {
    hostName: settings.hostName,
    callbackUrl: `https://${settings.hostName}/callback`,
    registerCommand: npmCommand(session, 'keys', 'cosigner cosigner_public.pem'),
    isPrivate: settings.certificate === 'private',
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
  return settings.auth === 'jwt' ? stepsForJwt(inputs) : stepsForJson(inputs);
}

function stepsForJwt(inputs: Inputs): NextSteps {
  const { callbackUrl, registerCommand, isPrivate, keyFile, certificateFile, caFile, key } = inputs;
  const pinned = [
    'Your private CA issued the certificate. Only an SGX Co-signer accepts one together with a public key: choose',
    `"public key with root CA" and provide ${caFile}, or the one with certificate pinning and provide ${certificateFile}.`,
    'A Nitro Co-signer trusts public CAs only: for it, set "auth" to "json", or use a certificate from a public CA.',
  ];
  return {
    callbackUrl,
    installerOption: isPrivate ? 'public key with root CA or certificate pinning' : 'public key',
    files: isPrivate ? [keyFile, caFile, certificateFile] : [keyFile],
    registerCommand,
    text: [
      `1. In the Co-signer's installer, enter the URL   ${callbackUrl}`,
      '2. Choose the option "public key", and paste the handler\'s public key:',
      ...key,
      ...(isPrivate ? pinned.map((line) => `   ${line}`) : []),
      '3. Once the Co-signer is installed, register its public key:',
      ...registration(inputs),
      ...check(4, inputs),
    ],
  };
}

function stepsForJson(inputs: Inputs): NextSteps {
  const { hostName, callbackUrl, registerCommand, isPrivate, certificateFile, caFile, key } = inputs;
  const option = isPrivate
    ? [
        `2. Choose "certificate pinning", and provide   ${certificateFile}`,
        `   or, with Co-signer 2025.12.11 or later, "root CA", and provide   ${caFile}`,
        "   No public CA issues a certificate for this name, so a Nitro Co-signer can't connect with any other option.",
      ]
    : [`2. Choose "certificate pinning" or "root CA", and provide the certificate for ${hostName} or its CA`];
  return {
    callbackUrl,
    installerOption: 'certificate pinning, or root CA',
    files: isPrivate ? [certificateFile, caFile] : [],
    registerCommand,
    text: [
      `1. In the Co-signer's installer, enter the URL   ${callbackUrl}`,
      ...option,
      '   With these options the Co-signer uses JSON: nothing is signed, and it needs no public key.',
      ...check(3, inputs),
      '4. If you change to JWT later ("auth": "jwt"), give the Co-signer the handler\'s public key,',
      ...key,
      "   and register the Co-signer's public key:",
      ...registration(inputs),
    ],
  };
}

function registration({ registerCommand }: Inputs): readonly string[] {
  return [
    '   on its host       sudo cosigner print-public-key > cosigner_public.pem',
    `   on this machine   ${registerCommand}`,
  ];
}

function check(number: number, { hostName, isPrivate }: Inputs): readonly string[] {
  const caOption = isPrivate ? `--cacert ${CERTIFICATE_FILES.ca} ` : '';
  return [
    `${number}. From the Co-signer's host, check that it can reach the handler:`,
    `   curl ${caOption}https://${hostName}/health`,
  ];
}
