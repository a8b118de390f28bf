// What is left to do by hand once the service runs: on the Co-signer's side.
import { join } from 'node:path';
import { KEY_FILES } from '../../src/keys/directory.js';
import { CERTIFICATE_FILES } from '../aws/acm.js';
import { npmCommand } from '../aws/printed-commands.js';
import type { Session } from '../aws/session.js';

export interface NextSteps {
  /** Base URL for the Co-signer. */
  readonly callbackUrl: string;
  /** As the Co-signer's installer names it. */
  readonly installerOption: string;
  /** Files of this machine that the installer is given. */
  readonly files: readonly string[];
  /** Registers the Co-signer's key. */
  readonly registerCommand: string;
  readonly text: readonly string[];
}

export function nextSteps(session: Session, publicKey: string | undefined): NextSteps {
  const { settings, keyDirectory } = session;
  const callbackUrl = `https://${settings.hostName}/callback`;
  const keyFile = join(keyDirectory, KEY_FILES.callbackPublic);
  const certificateFile = join(keyDirectory, CERTIFICATE_FILES.certificate);
  const caFile = join(keyDirectory, CERTIFICATE_FILES.ca);
  const registerCommand = npmCommand(session, 'keys', 'cosigner cosigner_public.pem');
  const own = settings.certificate === 'private';
  const key = [
    `   ${keyFile}:`,
    ...(publicKey ?? 'not known: nobody may read the private key from here')
      .trim()
      .split('\n')
      .map((line) => `   ${line}`),
  ];
  const register = [
    'Once the Co-signer is installed, register its key:',
    '   on its host   sudo cosigner print-public-key > cosigner_public.pem',
    `   here          ${registerCommand}`,
  ];
  const check = [
    'From the host of the Co-signer, see that it reaches the handler:',
    `   curl ${own ? `--cacert ${CERTIFICATE_FILES.ca} ` : ''}https://${settings.hostName}/health`,
  ];

  if (settings.auth === 'jwt') {
    const pinned = own
      ? [
          `The certificate is of a CA of yours: only an SGX Co-signer takes that together with a key. Choose "public key`,
          `with root CA" and give it ${caFile}, or with certificate pinning and give it ${certificateFile}.`,
          'A Nitro Co-signer trusts public CAs alone: for it set "auth" to "json", or a certificate of a public CA.',
        ]
      : [];
    return {
      callbackUrl,
      installerOption: own ? 'public key with root CA or certificate pinning' : 'public key',
      files: own ? [keyFile, caFile, certificateFile] : [keyFile],
      registerCommand,
      text: [
        `1. In the Co-signer's installer, give the URL   ${callbackUrl}`,
        `2. Choose the option "public key", and paste the handler's own:`,
        ...key,
        ...pinned.map((line) => `   ${line}`),
        ...numbered(3, register),
        ...numbered(4, check),
      ],
    };
  }
  const option = own
    ? [
        `2. Choose "certificate pinning", and give it   ${certificateFile}`,
        `   or, from Co-signer 2025.12.11 on, "root CA", and give it   ${caFile}`,
        '   No public CA issues a certificate for this name: no other option of a Nitro Co-signer would connect.',
      ]
    : [
        `2. Choose "certificate pinning" or "root CA", and give it the certificate of ${settings.hostName} or its CA`,
      ];
  return {
    callbackUrl,
    installerOption: 'certificate pinning, or root CA',
    files: own ? [certificateFile, caFile] : [],
    registerCommand,
    text: [
      `1. In the Co-signer's installer, give the URL   ${callbackUrl}`,
      ...option,
      '   With these the Co-signer speaks JSON: nothing is signed, and it asks for no public key.',
      ...numbered(3, check),
      `4. Should you go over to JWT ("auth": "jwt"), the Co-signer is given the handler's public key,`,
      ...key,
      "   and the handler is given the Co-signer's:",
      ...register.slice(1),
    ],
  };
}

function numbered(number: number, [first = '', ...rest]: readonly string[]): readonly string[] {
  return [`${number}. ${first}`, ...rest];
}
