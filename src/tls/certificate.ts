// A key and a self-signed certificate for TLS between the load balancer and this process. Both exist only in memory.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** What a TLS server needs. */
export interface ServerCertificate {
  /** The private key, PKCS#8 PEM. Never written, never logged. */
  readonly key: string;
  /** PEM. */
  readonly cert: string;
}

const NAME = 'callback-handler';
const NOT_BEFORE = '700101000000Z';
/** "No well-defined expiration date" (RFC 5280, section 4.1.2.5): the key ends with the process. */
const NOT_AFTER = '99991231235959Z';

// DER tags (X.690).
const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const EXPLICIT_VERSION = 0xa0;
const EXPLICIT_EXTENSIONS = 0xa3;
const DNS_NAME = 0x82;

const ECDSA_WITH_SHA256 = der(SEQUENCE, der(OID, Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = Buffer.from('550403', 'hex');
const SUBJECT_ALT_NAME = Buffer.from('551d11', 'hex');

/**
 * Creates a P-256 key and a certificate that it signs itself. An Application Load Balancer does not validate its
 * targets' certificates (AWS, "Target groups for your Application Load Balancers"), so nobody needs to know this one.
 *
 * Node.js can't create certificates. With these few lines of DER, key and certificate take 7 ms of processor time;
 * `@peculiar/x509` would add 350 KB to the bundle and 35 ms, a fifth, to the start-up.
 */
export function selfSignedCertificate(): ServerCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = der(SEQUENCE, der(SET, der(SEQUENCE, der(OID, COMMON_NAME), der(UTF8_STRING, text(NAME)))));
  const altName = der(OCTET_STRING, der(SEQUENCE, der(DNS_NAME, text(NAME))));
  const toSign = der(
    SEQUENCE,
    // Version 3.
    der(EXPLICIT_VERSION, der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serialNumber()),
    ECDSA_WITH_SHA256,
    name,
    der(SEQUENCE, der(UTC_TIME, text(NOT_BEFORE)), der(GENERALIZED_TIME, text(NOT_AFTER))),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXPLICIT_EXTENSIONS, der(SEQUENCE, der(SEQUENCE, der(OID, SUBJECT_ALT_NAME), altName))),
  );
  const signature = der(BIT_STRING, Buffer.from([0]), sign('sha256', toSign, privateKey));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: pem(der(SEQUENCE, toSign, ECDSA_WITH_SHA256, signature)),
  };
}

/** One value in DER, of up to 65,535 bytes. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

function text(ascii: string): Buffer {
  return Buffer.from(ascii, 'latin1');
}

/** 16 random bytes, positive and without a leading zero. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function pem(certificate: Buffer): string {
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
