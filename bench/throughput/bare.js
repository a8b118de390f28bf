// The bare handler: node:http and node:crypto, which verify the request and sign an answer. It has no policy, no log and no
// checks, so it shows what Node.js itself can do on this machine. RS256 signs on the thread pool, because a signature
// takes longer than everything else; ES256 signs at once, because moving the work would take longer than the work.
// Usage: node bare.js KEY_DIRECTORY PORT
import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import process from 'node:process';

const [, , directory, port] = process.argv;
const privateKey = createPrivateKey(readFileSync(join(directory, 'callback_private.pem')));
const cosignerKey = createPublicKey(readFileSync(join(directory, 'cosigner_public.pem')));

const base64url = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const isEc = privateKey.asymmetricKeyType === 'ec';
const signingKey = isEc ? { key: privateKey, dsaEncoding: 'ieee-p1363' } : privateKey;
const header = base64url({ alg: isEc ? 'ES256' : 'RS256', typ: 'JWT' });

createServer((request, response) => {
  if (request.method === 'GET') return response.end('ok');
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const token = Buffer.concat(chunks).toString('latin1');
    const end = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(end + 1), 'base64url');
    if (!verify('sha256', Buffer.from(token.slice(0, end), 'latin1'), cosignerKey, signature)) {
      response.writeHead(401).end();
      return;
    }
    const { requestId } = JSON.parse(
      Buffer.from(token.slice(token.indexOf('.') + 1, end), 'base64url').toString(),
    );
    const input = `${header}.${base64url({ action: 'APPROVE', requestId })}`;
    const reply = (error, bytes) => response.end(`${input}.${bytes.toString('base64url')}`);
    if (isEc) reply(null, sign('sha256', Buffer.from(input), signingKey));
    else sign('sha256', Buffer.from(input), signingKey, reply);
  });
}).listen(Number(port), '127.0.0.1');
