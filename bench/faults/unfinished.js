// Opens connections that each announce a body of 8 MiB and send all of it but the last byte. Exits with code 0 once the
// handler has refused or closed all of them.
import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout } from 'node:timers';
import { URL } from 'node:url';

const BYTES = 8 * 1024 * 1024;
/** Longer than the handler keeps such a connection. */
const TIMEOUT_MS = 60_000;

const [url, count] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
const body = Buffer.alloc(BYTES - 1, 'x');

const sockets = await Promise.all(
  Array.from({ length: Number(count) }, async () => {
    const socket = connect({ host, port: Number(port) });
    socket.on('error', () => socket.destroy());
    await once(socket, 'connect');
    return socket;
  }),
);
setTimeout(() => process.exit(1), TIMEOUT_MS).unref();
await Promise.all(
  sockets.map(async (socket) => {
    socket.write(`POST /callback HTTP/1.1\r\nHost: x\r\nContent-Length: ${BYTES}\r\n\r\n`);
    socket.write(body);
    await new Promise((closed) => socket.resume().on('close', closed));
  }),
);
