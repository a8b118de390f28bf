// The reference: a callback handler written after the example in Fireblocks' documentation ("Basic Callback Handler
// example") with Express and jsonwebtoken. It reads PEM keys from files. It approves everything, and logs nothing.
// Usage: node reference.js KEY_DIRECTORY PORT
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import express from 'express';
import jwt from 'jsonwebtoken';

const [, , directory, port] = process.argv;
const privateKey = readFileSync(join(directory, 'callback_private.pem'));
const cosignerKey = readFileSync(join(directory, 'cosigner_public.pem'));

const app = express();
app.use(express.urlencoded({ extended: true }));
app.use(express.json());
app.use((request, response, next) => {
  request.rawBody = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => (request.rawBody += chunk));
  request.on('end', next);
});

app.get('/health', (request, response) => response.send('ok'));

app.post('/v2/tx_sign_request', (request, response) => {
  try {
    const { requestId } = jwt.verify(request.rawBody, cosignerKey);
    response.send(jwt.sign({ action: 'APPROVE', requestId }, privateKey, { algorithm: 'RS256' }));
  } catch {
    response.sendStatus(401);
  }
});

app.listen(Number(port), '127.0.0.1');
