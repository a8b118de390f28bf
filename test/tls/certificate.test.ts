// @peculiar/x509 requires this import.
import 'reflect-metadata';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { X509Certificate as ParsedCertificate } from '@peculiar/x509';
import t from 'tap';
import { selfSignedCertificate } from '../../src/tls/certificate.js';

t.test('signs a certificate for its own P-256 key', (t) => {
  const { key, cert } = selfSignedCertificate();
  const certificate = new X509Certificate(cert);
  t.ok(certificate.verify(certificate.publicKey));
  t.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  t.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  t.equal(certificate.checkHost('callback-handler'), 'callback-handler');
  t.end();
});

t.test('the certificate outlives every task', (t) => {
  const { validFrom, validTo } = new X509Certificate(selfSignedCertificate().cert);
  t.equal(validFrom, 'Jan  1 00:00:00 1970 GMT');
  t.equal(validTo, 'Dec 31 23:59:59 9999 GMT');
  t.end();
});

t.test(
  'another implementation reads the same, for serial numbers and signatures of every length',
  async (t) => {
    const numbers = new Set<string>();
    for (let time = 0; time < 30; time++) {
      const parsed = new ParsedCertificate(selfSignedCertificate().cert);
      t.equal(parsed.issuer, 'CN=callback-handler');
      t.ok(await parsed.isSelfSigned());
      numbers.add(parsed.serialNumber);
    }
    t.equal(numbers.size, 30);
  },
);
