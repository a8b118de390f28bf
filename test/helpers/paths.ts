// Where the tests find the project's files and programs.
import { fileURLToPath } from 'node:url';

/** The project's directory, in which every test is run. */
export const ROOT = `${process.cwd()}/`;

/**
 * A program in this project as the tests run it, transpiled by test/run.js.
 * @param source such as `cli/policy/main.ts`
 */
export function programPath(source: string): string {
  return fileURLToPath(new URL(`../../${source.replace(/\.ts$/, '.js')}`, import.meta.url));
}
