import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:tls';
import t from 'tap';
import { makeCertificate } from '../../../cli/aws/private-certificate.js';

const HOST = 'callback.internal';
const DAY_MS = 86_400_000;

const created = await makeCertificate(HOST);
const ca = new X509Certificate(created.ca);
const certificate = new X509Certificate(created.certificate);

/** @returns `trusted`, or the error code of a client that trusts only this CA and expects this name */
async function handshake(trusted: string, servername: string): Promise<string> {
  const server = createServer({ cert: created.certificate, key: created.privateKey }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca: trusted, servername });
  const outcome = await Promise.race([
    once(socket, 'secureConnect').then(() => 'trusted'),
    once(socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code ?? ''),
  ]).catch((error: unknown) => (error as NodeJS.ErrnoException).code ?? '');
  socket.destroy();
  server.close();
  return outcome;
}

t.test('a client that trusts the CA accepts the certificate for its host name only', async (t) => {
  t.equal(await handshake(created.ca, HOST), 'trusted');
  t.equal(await handshake(created.ca, 'other.internal'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  t.equal(await handshake((await makeCertificate(HOST)).ca, HOST), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

t.test('the CA signs the certificate, which is not itself a CA certificate', (t) => {
  t.ok(certificate.verify(ca.publicKey));
  t.ok(certificate.checkIssued(ca));
  t.ok(ca.ca);
  t.notOk(certificate.ca);
  t.ok(certificate.checkPrivateKey(createPrivateKey(created.privateKey)));
  t.notOk(ca.checkPrivateKey(createPrivateKey(created.privateKey)));
  t.equal(certificate.subjectAltName, `DNS:${HOST}`);
  t.equal(certificate.publicKey.asymmetricKeyDetails?.modulusLength, 2048);
  t.end();
});

t.test('is valid from one hour ago until 397 days from now', async (t) => {
  const now = new Date('2026-03-01T12:00:00Z');
  const { certificate } = await makeCertificate(HOST, now);
  const { validFrom, validTo } = new X509Certificate(certificate);
  t.equal(new Date(validFrom).toISOString(), '2026-03-01T11:00:00.000Z');
  t.equal((new Date(validTo).getTime() - now.getTime()) / DAY_MS, 397);
});
