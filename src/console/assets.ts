// The console's own files: its style, its script and its icon.
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';

/** Beside this module, and beside the bundle: see build.js. */
const DIRECTORY = new URL('assets/', import.meta.url);

const TYPES: Readonly<Record<string, string>> = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

export async function assetRoutes(app: FastifyInstance): Promise<void> {
  for (const [name, type] of Object.entries(TYPES)) {
    const content = await readFile(new URL(name, DIRECTORY));
    // Kept by the browser, but looked for at each use, so that a new version is used at once.
    app.get(`/assets/${name}`, (_request, reply) =>
      reply.header('cache-control', 'no-cache').type(type).send(content),
    );
  }
}
