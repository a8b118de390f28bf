// Shows requests and decisions: to a person as text, coloured on a terminal; to a script as JSON lines.
import type { Kind } from '../../src/protocol/request.js';
import { paintAction, painter } from '../terminal.js';
import type { Outcome } from './client.js';
import type { Payload } from './request.js';

interface PrinterOptions {
  readonly stream: NodeJS.WriteStream;
  readonly json: boolean;
  /** One line a request. */
  readonly brief: boolean;
  /** Whether answers carry a signature. */
  readonly signed: boolean;
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

export function printer({ stream, json, brief, signed }: PrinterOptions): Printer {
  const write = (line: string): void => void stream.write(`${line}\n`);
  const paint = painter(stream);

  if (json) {
    return {
      request: () => undefined,
      outcome: (payload, { status, durationMs, answer, problem, body }) =>
        write(
          JSON.stringify({
            verified: answer !== undefined,
            status,
            durationMs: round(durationMs),
            request: payload,
            answer,
            problem,
            ...(status !== 200 && { body }),
          }),
        ),
      summary: () => undefined,
    };
  }

  const decided = ({ answer, problem, status, body }: Outcome): string => {
    if (answer !== undefined) {
      return [paintAction(paint, answer.action), answer.rejectionReason]
        .filter((part) => part !== undefined)
        .join('  ');
    }
    return [paint('red', 'NOT VERIFIED'), problem, status === 200 ? '' : body]
      .filter((part) => part !== '')
      .join('  ');
  };

  return {
    request(kind, payload, url) {
      if (brief) return;
      write(`${paint('bold', 'Asked')}    POST ${url.href}`);
      for (const [name, value] of facts(kind, payload)) write(`         ${name.padEnd(12)}${value}`);
    },
    outcome(payload, outcome) {
      const took = `${round(outcome.durationMs)} ms`;
      if (brief) {
        write(`${String(payload['requestId'])}  ${took.padStart(12)}  ${decided(outcome)}`);
        return;
      }
      const how = outcome.answer === undefined ? '' : `, ${signed ? 'signature and ' : ''}requestId verified`;
      write(`${paint('bold', 'Answered')} ${decided(outcome)}`);
      write(`         ${paint('dim', `${outcome.status || 'nothing'} after ${took}${how}`)}`);
    },
    summary({ sent, verified, seconds }) {
      write(
        `${sent} sent, ${verified} verified, ${sent - verified} not, ${round(sent / seconds)} requests/s`,
      );
    },
  };
}

function facts(kind: Kind, payload: Payload): readonly (readonly [string, string])[] {
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

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
