// Settings that Node.js needs before it compiles a program.
import { existsSync, readdirSync, rmdirSync, symlinkSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * To be called before the program is imported.
 * @param writable a directory, for a program that may run as another user than the image's
 */
export function prepareNode(writable?: string): void {
  // Stack traces show lines of the source. With the flag --enable-source-maps, startup would take a third longer: pino
  // inspects its callers at startup, so the source map of the whole service would be decoded then.
  process.setSourceMapsEnabled(true);

  // The image contains V8's compiled code (see Dockerfile), which saves a tenth of the startup time. It is not used as
  // root, because Node.js would then write to the directory.
  const compiled = fileURLToPath(new URL('compiled', import.meta.url));
  if (!existsSync(compiled) || process.getuid?.() === 0) return;
  if (writable === undefined) enableCompileCache?.(compiled);
  else linkCompiled(compiled, join(writable, 'compiled'));
}

const { enableCompileCache } = nodeModule as typeof nodeModule & {
  /** Since Node.js 22.1. */
  readonly enableCompileCache?: (directory: string) => void;
};

/**
 * Node.js creates a directory whose name contains the user's id, and looks for compiled code only there. A link in its
 * place leads to the image's, whose content does not depend on the user.
 */
function linkCompiled(compiled: string, cache: string): void {
  try {
    enableCompileCache?.(cache);
    const [imageUser = ''] = readdirSync(compiled);
    const [user = ''] = readdirSync(cache);
    rmdirSync(join(cache, user));
    symlinkSync(join(compiled, imageUser), join(cache, user));
  } catch {
    // The link exists already, or the program starts without compiled code.
  }
}
