// HTTP by hand, for what no client of good manners does.
import { connect, type Socket } from 'node:net';

export interface RawReply {
  readonly status: number;
  readonly body: string;
}

/** Opens a connection to the handler itself. */
export function open(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}

export function post(body: string, path = '/v2/tx_sign_request'): string {
  return `POST ${path} HTTP/1.1\r\nHost: callback.internal\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** Everything that comes until the other side closes, or for as long as is said. */
export function readAll(
  socket: Socket,
  timeoutMs: number,
  enough: (text: string) => boolean = () => false,
): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(text);
    };
    const timer = setTimeout(end, timeoutMs);
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (enough(text)) end();
    });
    socket.on('end', end).on('error', end).on('close', end);
  });
}

/** The replies in what was read: all of ours say how long they are. */
export function replies(text: string): readonly RawReply[] {
  const found: RawReply[] = [];
  let rest = text;
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(rest) ?? [];
    const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(rest.slice(0, end + 2)) ?? [];
    if (end === -1 || status === undefined || length === undefined) return found;
    const bodyEnd = end + 4 + Number(length);
    if (rest.length < bodyEnd) return found;
    found.push({ status: Number(status), body: rest.slice(end + 4, bodyEnd) });
    rest = rest.slice(bodyEnd);
  }
}
