// Request smuggling: requests that a proxy and the handler might delimit differently, sent through nginx while
// Co-signers use the same upstream connections.
import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Nginx } from '../../test/helpers/nginx.js';
import { parseReplies, readAll } from '../faults/raw-http.js';

const FORGED = 'eyJhbGciOiJub25lIn0.eyJyZXF1ZXN0SWQiOiJzbXVnZ2xlZCJ9.';
const INNER = `POST /v2/tx_sign_request HTTP/1.1\r\nHost: x\r\nContent-Length: ${FORGED.length}\r\n\r\n${FORGED}`;

const head = (...headers: readonly string[]): string =>
  `POST /v2/tx_sign_request HTTP/1.1\r\nHost: x\r\n${headers.join('\r\n')}\r\n\r\n`;
const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;

export const SMUGGLING_ATTEMPTS: readonly string[] = [
  head(`Content-Length: ${5 + INNER.length}`, 'Transfer-Encoding: chunked') + `0\r\n\r\n${INNER}`,
  head('Content-Length: 4', 'Transfer-Encoding: chunked') + chunked(INNER),
  head('Transfer-Encoding: chunked', 'Transfer-Encoding: identity') + chunked(INNER),
  head('Transfer-Encoding : chunked', 'Content-Length: 4') + chunked(INNER),
  head('Transfer-Encoding: xchunked', 'Content-Length: 5') + `0\r\n\r\n${INNER}`,
  head('Transfer-Encoding:\tchunked', 'Content-Length: 5') + `0\r\n\r\n${INNER}`,
  head(' Transfer-Encoding: chunked', 'Content-Length: 5') + `0\r\n\r\n${INNER}`,
  head('Content-Length: 0', `Content-Length: ${INNER.length}`) + INNER,
  head('Content-Length: +0') + INNER,
  head('Content-Length: 0x0') + INNER,
  head('Content-Length: 0, 0') + INNER,
  head('Content-Length: 0', 'X: a\r\n\r\nGET /health HTTP/1.1') + INNER,
  head('Content-Length: 0', 'X: a\nTransfer-Encoding: chunked') + chunked(INNER),
  head('Transfer-Encoding: chunked') + `3;ext="\r\n\r\n${INNER}"\r\nabc\r\n0\r\n\r\n`,
  head('Transfer-Encoding: chunked') + `-1\r\n${INNER}`,
  head('Transfer-Encoding: chunked') + `fffffffffffffffff\r\n${INNER}`,
  head('Transfer-Encoding: chunked') + `0\r\nX: y\r\n\r\n${INNER}`,
  `POST /v2/tx_sign_request HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunked(INNER)}`,
  `GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: ${INNER.length}\r\n\r\n${INNER}`,
  `POST /v2/tx_sign_request\r\n${INNER}`,
  `POST http://other/v2/tx_sign_request HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n${INNER}`,
];

/** Replies are read for this long, in ms, because some attempts leave the connection open. */
const READ_MS = 300;

/** @returns the bodies of replies that contain a signed token; none are expected */
export async function attemptSmuggling(front: Nginx, bytes: string): Promise<readonly string[]> {
  const { hostname, port } = new URL(front.url);
  const socket = connect({ host: hostname, port: Number(port), ca: front.ca });
  await once(socket, 'secureConnect');
  const read = readAll(socket, READ_MS);
  socket.write(bytes, 'latin1');
  return parseReplies(await read)
    .map(({ body }) => body)
    .filter((body) => /^[\w-]+\.[\w-]+\.[\w-]+$/.test(body));
}
