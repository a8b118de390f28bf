// Prints requests and responses, as text for people or JSON lines for scripts.
import type { Kind } from '../../src/protocol/request.js';
import { type Output, type Paint, paintAction, painter } from '../terminal.js';
import type { Outcome } from './client.js';
import type { Payload } from './request.js';

interface PrinterOptions {
  readonly stream: Output;
  readonly json: boolean;
  /** Prints one line for each request. */
  readonly brief: boolean;
}

interface Summary {
  readonly sent: number;
  readonly verified: number;
  readonly seconds: number;
}

export interface Printer {
  request(kind: Kind, payload: Payload, url: URL): void;
  outcome(payload: Payload, outcome: Outcome): void;
  summary(summary: Summary): void;
}

export function createPrinter({ stream, json, brief }: PrinterOptions): Printer {
  const write = (...lines: readonly string[]): void => void stream.write(`${lines.join('\n')}\n`);
  const paint = painter(stream);
  if (json) return jsonPrinter(write);
  return brief ? compactPrinter(write, paint) : textPrinter(write, paint);
}

type Write = (...lines: readonly string[]) => void;

function jsonPrinter(write: Write): Printer {
  return {
    request: () => undefined,
    outcome: (payload, { status, durationMs, answer, algorithm, problem, body }) =>
      write(
        JSON.stringify({
          verified: answer !== undefined,
          status,
          durationMs: round(durationMs),
          request: payload,
          answer,
          algorithm,
          problem,
          ...(status !== 200 && { body }),
        }),
      ),
    summary: () => undefined,
  };
}

function compactPrinter(write: Write, paint: Paint): Printer {
  return {
    request: () => undefined,
    outcome: (payload, outcome) =>
      write(
        `${String(payload['requestId'])}  ${duration(outcome).padStart(12)}  ${decisionText(paint, outcome)}`,
      ),
    summary: ({ sent, verified, seconds }) =>
      write(
        `${sent} sent, ${verified} verified, ${sent - verified} not verified, ${round(sent / seconds)} requests/s`,
      ),
  };
}

function textPrinter(write: Write, paint: Paint): Printer {
  return {
    request: (kind, payload, url) =>
      write(
        `${paint('bold', 'Request')}  POST ${url.href}`,
        ...describePayload(kind, payload).map(([name, value]) => `         ${name.padEnd(12)}${value}`),
      ),
    outcome(_payload, outcome) {
      const status = outcome.status === 0 ? 'no response' : `status ${outcome.status}`;
      const signature = outcome.algorithm === undefined ? '' : `${outcome.algorithm} signature and `;
      const verified = outcome.answer === undefined ? '' : `, ${signature}requestId verified`;
      write(
        `${paint('bold', 'Response')} ${decisionText(paint, outcome)}`,
        `         ${paint('dim', `${status} after ${duration(outcome)}${verified}`)}`,
      );
    },
    summary: () => undefined,
  };
}

function decisionText(paint: Paint, { answer, problem = '', status, body }: Outcome): string {
  const parts =
    answer === undefined
      ? [paint('red', 'NOT VERIFIED'), problem, status === 200 ? '' : body]
      : [paintAction(paint, answer.action), answer.rejectionReason ?? ''];
  return parts.filter((part) => part !== '').join('  ');
}

function describePayload(kind: Kind, payload: Payload): readonly (readonly [string, string])[] {
  const field = (name: string): string => (typeof payload[name] === 'string' ? payload[name] : '');
  const party = (side: string, address = ''): string =>
    `${field(`${side}Type`)} ${field(`${side}Id`)} ${address}`.trim();
  const rows =
    kind === 'transaction'
      ? ([
          ['operation', field('operation')],
          ['amount', `${field('amountStr')} ${field('asset')}`.trim()],
          ['from', party('source')],
          ['to', party('dest', field('destAddress'))],
        ] as const)
      : ([['change', field('type')]] as const);
  return [...rows, ['requestId', field('requestId')] as const].filter(([, value]) => value !== '');
}

function duration({ durationMs }: Outcome): string {
  return `${round(durationMs)} ms`;
}

/** Rounds to one decimal place. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}
