// `npm run build`: bundles the service and its dependencies into dist/. The bundle starts twice as fast as the modules,
// and the image needs no node_modules.
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { decode, encode } from '@jridgewell/sourcemap-codec';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });

// Importing node:http as an ES module loads everything it exports, including undici, which takes a sixth of the startup
// time; require() does not.
const requireHttp = {
  name: 'require-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?https?$/ }, ({ path, kind }) =>
      kind === 'require-call' ? { path, external: true } : { path, namespace: 'require-http' },
    );
    onLoad({ filter: /.*/, namespace: 'require-http' }, ({ path }) => ({
      contents: `module.exports = require('${path}');`,
    }));
  },
};

await build({
  entryPoints: {
    main: 'src/main.ts',
    healthcheck: 'src/healthcheck.ts',
    console: 'src/console-main.ts',
    lambda: 'src/lambda.ts',
    runtime: 'src/lambda-runtime.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  // Dynamic imports (the AWS SDK) are split into separate files, so that they are loaded only where they are used.
  splitting: true,
  // Prefers ES modules, because esbuild can remove their unused code.
  mainFields: ['module', 'main'],
  plugins: [requireHttp],
  external: [
    // A development dependency, which is used if it is installed.
    'pino-pretty',
    // Native, and loaded only with STORE_PATH. The image does not have it.
    'lmdb',
    // Fastify's JSON schema compilers: a third of the code, but never loaded (see src/app.ts).
    '@fastify/ajv-compiler',
    '@fastify/fast-json-stringify-compiler',
  ],
  // Identifiers are not minified, because they appear in logs and stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  sourcemap: true,
  // The source text is left out: stack traces need only positions.
  sourcesContent: false,
  // Some dependencies are CommonJS modules that require() built-in Node.js modules.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  logLevel: 'warning',
});

// The console's style and script, which it serves: beside the bundle, as they are beside the module.
cpSync('src/console/assets', 'dist/assets', { recursive: true });

// Node.js reads the source map at startup. With the dependencies in it, it would be four times as large, and startup a
// tenth longer. Stack traces show the dependencies' functions anyway.
for (const file of readdirSync('dist').filter((name) => name.endsWith('.map'))) {
  const map = JSON.parse(readFileSync(`dist/${file}`, 'utf8'));
  const isDependency = map.sources.map((source) => source.includes('node_modules/'));
  const lines = decode(map.mappings).map((segments) => withoutDependencies(segments, isDependency));
  writeFileSync(`dist/${file}`, JSON.stringify({ ...map, mappings: encode(lines) }));
}

/** A segment `[column, source, line, sourceColumn]` of a dependency becomes `[column]`: from there on, no source. */
function withoutDependencies(segments, isDependency) {
  let mapped = true;
  return segments.flatMap((segment) => {
    const wasMapped = mapped;
    mapped = segment.length > 1 && !isDependency[segment[1]];
    if (mapped) return [segment];
    return wasMapped ? [[segment[0]]] : [];
  });
}
