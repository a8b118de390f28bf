// Settings that Node.js needs before it compiles a program.
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { fileURLToPath } from 'node:url';

/** To be called before the program is imported. */
export function prepareNode(): void {
  // Stack traces show lines of the source. With the flag --enable-source-maps, startup would take a third longer: pino
  // inspects its callers at startup, so the source map of the whole service would be decoded then.
  process.setSourceMapsEnabled(true);

  // The image contains V8's compiled code (see Dockerfile), which saves a tenth of the startup time. It is not used as
  // root, because Node.js would then write to the directory.
  const compiled = fileURLToPath(new URL('compiled', import.meta.url));
  const { enableCompileCache } = nodeModule as typeof nodeModule & {
    /** Since Node.js 22.1. */
    readonly enableCompileCache?: (directory: string) => void;
  };
  if (existsSync(compiled) && process.getuid?.() !== 0) enableCompileCache?.(compiled);
}
