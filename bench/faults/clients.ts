// Faults caused by slow, broken and hostile clients.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import { type Payload, samplePayload, signToken } from '../../cli/cosigner/request.js';
import { BODY_LIMIT } from '../../src/plugins/request-body.js';
import type { Fault } from './fault.js';
import { open, openMany, parseReplies, post, type RawReply, readAll } from './raw-http.js';
import type { Testbed } from './testbed.js';

const GIBIBYTE = 1024 ** 3;

/** Lasts as long as the handler's 30 s timeout, and needs hardly any CPU. */
export function slowClients(short: boolean): Fault {
  const count = short ? 50 : 500;
  return {
    title: `${count} clients that send one byte per second`,
    async run(testbed) {
      const sockets = await Promise.all(Array.from({ length: count }, () => open(testbed.handlerUrl)));
      const reads = sockets.map((socket) => readAll(socket, 45_000));
      const head = post('x'.repeat(1000)).slice(0, -1000);
      // Half send their headers slowly, half their body.
      sockets.forEach((socket, index) => socket.write(head.slice(0, index % 2 === 0 ? 20 : undefined)));
      const dripping = setInterval(
        () => sockets.forEach((socket) => socket.writable && socket.write('x')),
        1000,
      );
      const statuses = (await Promise.all(reads)).map((received) => parseReplies(received)[0]?.status);
      clearInterval(dripping);
      const wrong = statuses.filter((status) => status !== 408);
      if (wrong.length > 0)
        throw new Error(`${wrong.length} clients got ${[...new Set(wrong)].join()} instead of 408`);
    },
  };
}

export function clients(short: boolean): readonly Fault[] {
  return [
    idleConnections(Math.min(short ? 1000 : 10_000, maxOpenFiles() - 500), short ? 1000 : 10_000),
    largeBodies(),
    halfClosedConnections(short ? 50 : 200),
    pipelinedRequests(short ? 10 : 50, 20),
    cutConnections(short ? 500 : 2000),
    brokenHandshakes(short ? 200 : 2000),
  ];
}

function idleConnections(count: number, idleMs: number): Fault {
  return {
    title: `${count} idle connections`,
    async run(testbed) {
      const sockets = await openMany(testbed.handlerUrl, count);
      await sleep(idleMs);
      const stillOpen = sockets.filter((socket) => socket.readable && socket.writable).length;
      sockets.forEach((socket) => socket.destroy());
      if (stillOpen < count) throw new Error(`only ${stillOpen} connections stayed open`);
    },
  };
}

function largeBodies(): Fault {
  return {
    title: 'bodies just below, at and far above the 8 MiB limit, and of unknown length',
    async run(testbed) {
      for (const bytes of [BODY_LIMIT - 1, BODY_LIMIT]) {
        const { answer, problem } = await testbed.client.send('transaction', payloadWithTokenOf(bytes));
        if (answer === undefined) throw new Error(`a body of ${bytes} bytes: ${problem}`);
      }
      for (const header of [`Content-Length: ${GIBIBYTE}`, 'Transfer-Encoding: chunked']) {
        const { status, sent } = await flood(testbed, header, GIBIBYTE);
        if (status !== 413) throw new Error(`1 GiB with ${header}: status ${status} after ${sent} bytes`);
      }
    },
  };
}

function halfClosedConnections(count: number): Fault {
  return {
    title: `${count} half-closed connections`,
    async run(testbed) {
      for (let time = 0; time < count; time++) {
        const { token, check } = createRequest(testbed);
        const socket = await open(testbed.handlerUrl);
        socket.end(post(token));
        check(parseReplies(await readAll(socket, 10_000))[0]);
      }
    },
  };
}

function pipelinedRequests(connections: number, perConnection: number): Fault {
  return {
    title: `${perConnection} pipelined requests on each of ${connections} connections`,
    async run(testbed) {
      for (let time = 0; time < connections; time++) {
        const requests = Array.from({ length: perConnection }, () => createRequest(testbed));
        const socket = await open(testbed.handlerUrl);
        socket.write(requests.map(({ token }) => post(token)).join(''));
        const received = await readAll(
          socket,
          10_000,
          (soFar) => parseReplies(soFar).length >= requests.length,
        );
        const replies = parseReplies(received);
        requests.forEach(({ check }, index) => check(replies[index]));
      }
    },
  };
}

function cutConnections(count: number): Fault {
  return {
    title: `${count} connections cut in the middle of a request`,
    async run(testbed) {
      for (let time = 0; time < count; time++) {
        const { token } = createRequest(testbed);
        const socket = await open(testbed.handlerUrl);
        const bytes = post(token);
        socket.write(bytes.slice(0, Math.floor(Math.random() * (bytes.length + 1))));
        if (time % 2 === 0) await sleep(1);
        socket.resetAndDestroy();
      }
    },
  };
}

/** With TLS to the task, as in prod. */
function brokenHandshakes(count: number): Fault {
  return {
    title: `${count} clients that stall in the TLS handshake, and ${count} that send plain HTTP`,
    env: { TLS: 'self-signed' },
    async run({ handlerUrl }) {
      const stalled = await openMany(handlerUrl, count);
      const openedAt = performance.now();
      const ends = stalled.map(async (socket) => {
        await readAll(socket, 15_000);
        return performance.now() - openedAt;
      });
      for (let time = 0; time < count; time++) {
        const socket = await open(handlerUrl);
        socket.write(post('x'));
        if (parseReplies(await readAll(socket, 10_000)).length > 0)
          throw new Error('plain HTTP was answered');
      }
      const slowest = Math.max(...(await Promise.all(ends)));
      if (slowest > 10_000) throw new Error('a stalled handshake was not ended within 10 s');
    },
  };
}

/** A request sent over a raw socket, and the check for its reply. */
function createRequest({ cosigner, callback, count }: Testbed) {
  const payload = samplePayload('transaction');
  return {
    token: signToken(payload, cosigner.privateKey),
    check: (reply: RawReply | undefined): void => {
      if (reply === undefined) throw new Error('no reply');
      const { answer, problem } = readSignedAnswer(reply, payload['requestId'], [callback.publicKey]);
      if (answer === undefined) throw new Error(problem);
      count.sent++;
      count.answered++;
    },
  };
}

function payloadWithTokenOf(bytes: number): Payload {
  const payload: Payload = { ...samplePayload('transaction'), note: '' };
  // The header takes 36 characters, the signature 342 and the dots 2.
  const claims = bytes - 36 - 342 - 2;
  const jsonBytes = Math.floor((claims * 3) / 4);
  return { ...payload, note: 'x'.repeat(jsonBytes - JSON.stringify(payload).length) };
}

/** Sends a body until a reply arrives. */
async function flood(
  testbed: Testbed,
  header: string,
  bytes: number,
): Promise<{ status: number | undefined; sent: number }> {
  const socket = await open(testbed.handlerUrl);
  const read = readAll(socket, 30_000);
  const ended = { yes: false };
  void read.then(() => (ended.yes = true));
  socket.write(`POST /v2/tx_sign_request HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
  const chunk = randomBytes(64 * 1024).toString('latin1');
  const piece = header.startsWith('Transfer') ? `10000\r\n${chunk}\r\n` : chunk;
  let sent = 0;
  while (!ended.yes && sent < bytes && socket.writable) {
    sent += chunk.length;
    if (!socket.write(piece, 'latin1'))
      await Promise.race([once(socket, 'drain'), read]).catch(() => undefined);
    await sleep(0);
  }
  return { status: parseReplies(await read)[0]?.status, sent };
}

function maxOpenFiles(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Infinity : Number(limit);
}
