// Tests that links, anchors and files named in the documents exist, and that the README stays short.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { ROOT } from '../helpers/cli.js';
import { type Document, documentOf, DOCUMENTS } from './documents.js';

const README_WORDS = 1500;
/** Files that the reader creates. */
const CREATED = ['infra/settings.json'];

/** The anchors for a document's headings, as code hosts derive them. */
function anchorsOf({ prose }: Document): readonly string[] {
  return [...prose.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(/\s/g, '-'),
  );
}

t.test('relative links point to an existing file and heading', (t) => {
  for (const document of DOCUMENTS) {
    for (const [, target = ''] of document.prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? document.file : join(dirname(document.file), path);
      t.ok(existsSync(join(ROOT, file)), `${document.file}: ${target}`);
      if (anchor !== undefined) {
        t.ok(anchorsOf(documentOf(file)).includes(anchor), `${document.file}: ${target} is a heading`);
      }
    }
  }
  t.end();
});

t.test('every document in docs/ is linked from the README', (t) => {
  const { prose } = documentOf('README.md');
  for (const { file } of DOCUMENTS) {
    if (file.startsWith('docs/')) t.ok(prose.includes(`](${file})`), file);
  }
  t.end();
});

t.test('files and folders that the documents name exist', (t) => {
  for (const { file, text } of DOCUMENTS) {
    // The change log also names files from earlier versions.
    if (file === 'CHANGELOG.md') continue;
    const paths = text.matchAll(
      /(?<![\w/.-])(?:src|cli|infra|bench|docker|examples|test|docs|\.ci|\.github)\/[\w./-]*\w/g,
    );
    for (const [path] of paths)
      t.ok(existsSync(join(ROOT, path)) || CREATED.includes(path), `${file}: ${path}`);
  }
  t.end();
});

t.test(`the README has at most ${README_WORDS} words outside of code blocks`, (t) => {
  const words = documentOf('README.md')
    .prose.split(/\s+/)
    .filter((word) => word !== '');
  t.ok(words.length <= README_WORDS, `${words.length} words`);
  t.end();
});

t.test('figures appear only between the markers that the benchmarks fill', (t) => {
  for (const [file, names] of [
    ['docs/performance.md', ['bench']],
    ['docs/reliability.md', ['faults', 'fuzz']],
  ] as const) {
    const { text } = documentOf(file);
    for (const name of names) {
      t.match(text, new RegExp(`<!-- begin: ${name} -->\\n[\\s\\S]+\\n<!-- end: ${name} -->\\n`), name);
    }
  }
  for (const { file, prose } of DOCUMENTS) {
    if (!/^docs\/(performance|reliability)\.md$/.test(file)) {
      t.notMatch(prose, /\d (requests|req)\/s|p99 (of|is) \d/, file);
    }
  }
  t.end();
});
