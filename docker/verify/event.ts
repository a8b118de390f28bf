// Usage: event.ts KEYS                 prints a signed request of the Co-signer, as a load balancer's event
//        event.ts KEYS EVENT ANSWER    verifies the function's answer to it
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import { keysIn } from '../../cli/cosigner/keys.js';
import { samplePayload, signToken } from '../../cli/cosigner/request.js';
import { albEvent } from '../../test/helpers/lambda.js';

const [directory = '', event, answer] = process.argv.slice(2);
const keys = keysIn(directory);

if (event === undefined || answer === undefined) {
  const token = signToken(samplePayload('transaction'), keys.privateKey);
  const request = { method: 'POST', url: '/callback/v2/tx_sign_request', headers: {} };
  console.log(JSON.stringify(albEvent(request, Buffer.from(token))));
} else {
  const { statusCode: status, body } = JSON.parse(answer) as { statusCode: number; body: string };
  const verdict = readSignedAnswer({ status, body }, requestIdIn(event), keys.callbackPublicKeys);
  if (verdict.answer === undefined) {
    console.log(verdict.problem);
    process.exitCode = 1;
  }
}

function requestIdIn(event: string): unknown {
  const { body } = JSON.parse(event) as { body: string };
  const [, claims = ''] = Buffer.from(body, 'base64').toString().split('.');
  return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>)['requestId'];
}
