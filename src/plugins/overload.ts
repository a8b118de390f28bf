// Rejects requests with 503 while the event loop is too far behind to respond in time.
import underPressure from '@fastify/under-pressure';
import type { FastifyInstance } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { Refusal } from '../protocol/refusal.js';

/** The event loop delay above which requests are rejected, in ms. */
export const MAX_EVENT_LOOP_DELAY_MS = 1000;

export interface OverloadOptions {
  /** Maximum acceptable event loop delay, in ms; 0 turns overload detection off. */
  readonly maxEventLoopDelayMs?: number;
  /** How often the delay is measured, in ms. */
  readonly sampleIntervalMs?: number;
}

async function registerOverload(
  app: FastifyInstance,
  { maxEventLoopDelayMs = MAX_EVENT_LOOP_DELAY_MS, sampleIntervalMs = 1000 }: OverloadOptions,
): Promise<void> {
  await app.register(underPressure, {
    maxEventLoopDelay: maxEventLoopDelayMs,
    sampleInterval: sampleIntervalMs,
    pressureHandler: () => {
      throw new Refusal('overloaded', `the event loop is delayed by more than ${maxEventLoopDelayMs} ms`);
    },
  });
}

/** Applies to routes in the scope that it is registered in. */
export const overload = fastifyPlugin(registerOverload, { name: 'overload' });
