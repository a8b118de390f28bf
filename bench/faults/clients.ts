// What clients do that are slow, broken or hostile, while others are served.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { readSignedAnswer } from '../../cli/cosigner/client.js';
import { type Payload, samplePayload, signToken } from '../../cli/cosigner/request.js';
import { BODY_LIMIT } from '../../src/routes/callback.js';
import type { Fault } from './fault.js';
import { open, post, type RawReply, readAll, replies } from './raw.js';
import type { Stand } from './stand.js';

export function clients(short: boolean): readonly Fault[] {
  const slow = short ? 50 : 500;
  const idle = Math.min(short ? 1000 : 10_000, openFiles() - 500);
  return [
    {
      what: `${slow} clients that send a byte a second`,
      async run(stand) {
        const sockets = await Promise.all(Array.from({ length: slow }, () => open(stand.handlerUrl)));
        const read = sockets.map((socket) => readAll(socket, 45_000));
        const head = post('x'.repeat(1000)).slice(0, -1000);
        // Half of them are slow with their headers, half with their body.
        sockets.forEach((socket, index) => socket.write(head.slice(0, index % 2 === 0 ? 20 : undefined)));
        const feeding = setInterval(
          () => sockets.forEach((socket) => socket.writable && socket.write('x')),
          1000,
        );
        const statuses = (await Promise.all(read)).map((text) => replies(text)[0]?.status);
        clearInterval(feeding);
        const wrong = statuses.filter((status) => status !== 408);
        if (wrong.length > 0)
          throw new Error(`${wrong.length} were not given up with 408, but ${[...new Set(wrong)].join()}`);
      },
    },
    {
      what: `${idle} idle connections`,
      async run(stand) {
        const sockets: Socket[] = [];
        while (sockets.length < idle) {
          const batch = Math.min(200, idle - sockets.length);
          sockets.push(...(await Promise.all(Array.from({ length: batch }, () => open(stand.handlerUrl)))));
        }
        await sleep(short ? 2000 : 10_000);
        const still = sockets.filter((socket) => socket.readable && socket.writable).length;
        sockets.forEach((socket) => socket.destroy());
        if (still < idle) throw new Error(`only ${still} were left open`);
      },
    },
    {
      what: 'bodies of 1 MiB - 1, 1 MiB and 1 GiB, and without a length',
      async run(stand) {
        for (const bytes of [BODY_LIMIT - 1, BODY_LIMIT]) {
          const { answer, problem } = await stand.client.ask('transaction', ofTokenLength(bytes));
          if (answer === undefined) throw new Error(`a body of ${bytes} bytes: ${problem}`);
        }
        const gibibyte = 1024 ** 3;
        for (const head of [`Content-Length: ${gibibyte}`, 'Transfer-Encoding: chunked']) {
          const { status, sent } = await flood(stand, head, gibibyte);
          if (status !== 413) throw new Error(`1 GiB with ${head}: status ${status} after ${sent} bytes`);
        }
      },
    },
    {
      what: '200 half-closed sockets',
      async run(stand) {
        for (let time = 0; time < 200; time++) {
          const { token, check } = request(stand);
          const socket = await open(stand.handlerUrl);
          socket.end(post(token));
          check(replies(await readAll(socket, 10_000))[0]);
        }
      },
    },
    {
      what: '50 times 20 requests pipelined',
      async run(stand) {
        for (let time = 0; time < 50; time++) {
          const asked = Array.from({ length: 20 }, () => request(stand));
          const socket = await open(stand.handlerUrl);
          socket.write(asked.map(({ token }) => post(token)).join(''));
          const text = await readAll(socket, 10_000, (text) => replies(text).length >= asked.length);
          const answers = replies(text);
          asked.forEach(({ check }, index) => check(answers[index]));
        }
      },
    },
    {
      what: '2,000 connections cut in the middle of a request',
      async run(stand) {
        for (let time = 0; time < 2000; time++) {
          const { token } = request(stand);
          const socket = await open(stand.handlerUrl);
          const bytes = post(token);
          socket.write(bytes.slice(0, Math.floor(Math.random() * (bytes.length + 1))));
          if (time % 2 === 0) await sleep(1);
          socket.resetAndDestroy();
        }
      },
    },
  ];
}

/** A request of our own, and what to do with the reply to it. */
function request({ cosigner, callback, count }: Stand) {
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

/** A payload whose token has this length. */
function ofTokenLength(bytes: number): Payload {
  const payload: Payload = { ...samplePayload('transaction'), note: '' };
  // Header and signature are 36 and 342 characters, with two dots.
  const claims = bytes - 36 - 342 - 2;
  const jsonBytes = Math.floor((claims * 3) / 4);
  return { ...payload, note: 'x'.repeat(jsonBytes - JSON.stringify(payload).length) };
}

/** Sends bytes until there is a reply. */
async function flood(
  stand: Stand,
  head: string,
  bytes: number,
): Promise<{ status: number | undefined; sent: number }> {
  const socket = await open(stand.handlerUrl);
  const read = readAll(socket, 30_000);
  const ended = { yes: false };
  void read.then(() => (ended.yes = true));
  socket.write(`POST /v2/tx_sign_request HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
  const chunk = randomBytes(64 * 1024).toString('latin1');
  const piece = head.startsWith('Transfer') ? `10000\r\n${chunk}\r\n` : chunk;
  let sent = 0;
  while (!ended.yes && sent < bytes && socket.writable) {
    sent += chunk.length;
    if (!socket.write(piece, 'latin1'))
      await Promise.race([once(socket, 'drain'), read]).catch(() => undefined);
    await sleep(0);
  }
  return { status: replies(await read)[0]?.status, sent };
}

function openFiles(): number {
  const limit = execFileSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).trim();
  return limit === 'unlimited' ? Infinity : Number(limit);
}
