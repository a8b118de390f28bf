// The process's entry: what Node.js must know before the service's code is compiled, and then the service.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

// Stack traces show the lines of the source. The flag --enable-source-maps does so too, and makes starting a third
// slower: with it pino, which asks who calls it, has a map of the whole service decoded.
process.setSourceMapsEnabled(true);

// The image brings V8's compiled code along (see Dockerfile), so that it starts a tenth faster. Nothing is ever added
// to it: only root could.
const compiled = fileURLToPath(new URL('compiled', import.meta.url));
const { enableCompileCache } = nodeModule as typeof nodeModule & {
  /** Since Node.js 22.1. */
  readonly enableCompileCache?: (directory: string) => void;
};
if (existsSync(compiled) && process.getuid?.() !== 0) enableCompileCache?.(compiled);

await import('./service.js');
