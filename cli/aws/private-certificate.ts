// Creates a CA and a certificate for a private name such as callback.internal, which no public CA certifies.
// @peculiar/x509 requires this import.
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

/** Supported by all Co-signers and load balancers. */
const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
/** TLS clients accept at most 398 days. */
const CERTIFICATE_DAYS = 397;
/** Tolerates clients whose clocks are behind. */
const BACKDATED_MS = DAY_MS / 24;

export interface PrivateCertificate {
  /** The CA certificate for the Co-signer to trust, PEM. */
  readonly ca: string;
  /** PEM. */
  readonly certificate: string;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
}

/**
 * Creates a CA, and a certificate signed by it. The CA's private key is not kept, so it can't sign another
 * certificate.
 * @param hostName the only name in the certificate
 */
export async function makeCertificate(hostName: string, now = new Date()): Promise<PrivateCertificate> {
  const [caKeys, keys] = await Promise.all([generateKeys(), generateKeys()]);
  const notBefore = new Date(now.getTime() - BACKDATED_MS);
  const after = (days: number): Date => new Date(now.getTime() + days * DAY_MS);

  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: `CN=CA of ${hostName}`,
    notBefore,
    notAfter: after(CA_DAYS),
    signingAlgorithm: ALGORITHM,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: `CN=${hostName}`,
    issuer: ca.subject,
    notBefore,
    notAfter: after(CERTIFICATE_DAYS),
    signingAlgorithm: ALGORITHM,
    signingKey: caKeys.privateKey,
    publicKey: keys.publicKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
        true,
      ),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: hostName }]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  return {
    ca: pem(ca.toString('pem')),
    certificate: pem(certificate.toString('pem')),
    privateKey: pem(
      x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY'),
    ),
  };
}

function generateKeys() {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

/** @returns 16 bytes in hex, positive when read as a signed integer */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

/** Ends the PEM with one newline. */
function pem(encoded: string): string {
  return `${encoded.trimEnd()}\n`;
}
