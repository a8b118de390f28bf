// HTTP over raw sockets, for requests that no HTTP client would send.
import { connect, type Socket } from 'node:net';

export interface RawReply {
  readonly status: number;
  readonly body: string;
}

/** Opens a connection directly to the handler, bypassing the proxy. */
export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

/**
 * Opens many connections, in batches that fit into the kernel's queue of connections to accept (511 by default). What does
 * not fit looks open to the client, but never reaches the handler.
 */
export async function openMany(url: string, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(url)))));
  }
  return sockets;
}

/** The bytes of a POST request. */
export function post(body: string, path = '/v2/tx_sign_request'): string {
  return `POST ${path} HTTP/1.1\r\nHost: callback.internal\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/**
 * Reads until the peer closes, the timeout expires or enough data has arrived, then closes the socket.
 * @returns the received data, one character per byte
 */
export function readAll(
  socket: Socket,
  timeoutMs: number,
  isEnough: (received: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(received);
    };
    const timer = setTimeout(end, timeoutMs);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk;
      if (isEnough(received)) end();
    });
    socket.on('end', end).on('error', end).on('close', end);
  });
}

/** Parses the complete replies in the received data. The handler sends a Content-Length with each. */
export function parseReplies(received: string): readonly RawReply[] {
  const replies: RawReply[] = [];
  let rest = received;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(rest) ?? [];
    const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(rest.slice(0, end + 2)) ?? [];
    if (end === -1 || status === undefined || length === undefined) return replies;
    const bodyEnd = end + 4 + Number(length);
    if (rest.length < bodyEnd) return replies;
    replies.push({ status: Number(status), body: rest.slice(end + 4, bodyEnd) });
    rest = rest.slice(bodyEnd);
  }
}
