// Recognizes files that are no policy before they are parsed as YAML: empty, binary, too large, or another file.
import { type PolicyProblem, problemIn } from './problem.js';
import { POLICY_KEYS } from './schema.js';

/**
 * Maximum length of a policy, in characters. YAML of this size, with one address a line, takes a second and 150 MB; a
 * million addresses took 16 s and 2.4 GB.
 */
const MAX_LENGTH = 1_000_000;
/** Maximum number of commas and line breaks: 50,000 entries of one character take as long as a text of MAX_LENGTH. */
const MAX_PARTS = 50_000;
/** Characters that can each be an error of its own: a million closing brackets took 9 s and 1.5 GB. */
const MARKS = new Set('[]{}"\':?&*');
const MAX_MARKS = 200_000;

/** @returns why a text is not parsed; without an excerpt, because it may be a key or a log */
export function unreadable(text: string, file: string): PolicyProblem | undefined {
  const message = reasonFor(text);
  return message === undefined ? undefined : problemIn(file, message);
}

function reasonFor(text: string): string | undefined {
  if (isKey(text)) return `not a policy: this is a key or a certificate. ${KEYS}`;
  return encodingProblem(text) ?? emptiness(text) ?? otherFile(text) ?? sizeProblem(text);
}

/** A policy may hold the public keys of initiators, and no other. */
function isKey(text: string): boolean {
  const others = text.replaceAll(/-----BEGIN (?:RSA )?PUBLIC KEY-----/g, '');
  return others.includes('-----BEGIN') || (others !== text && !LOOKS_LIKE_POLICY.test(text));
}

const KEYS = `A policy has the keys ${POLICY_KEYS}`;
const BEGIN = 'a policy begins with version: 1, and its rules follow below rules:';

function encodingProblem(text: string): string | undefined {
  const isReplaced = text.includes('\ufffd');
  if (text.includes('\0')) {
    // Of UTF-16, every second byte is 0 as long as the letters are Latin.
    const isUtf16 = /^(?:\ufffd{2}|\0?[^\0]\0[^\0]\0|\0[^\0]\0)/.test(text);
    return isUtf16
      ? 'the file is encoded in UTF-16: save it as UTF-8'
      : 'not a policy: the file is binary, and a policy is text';
  }
  if (!isReplaced) return undefined;
  const line = text.slice(0, text.indexOf('\ufffd')).split('\n').length;
  return `the file is not encoded in UTF-8 (line ${line} has other bytes): save it as UTF-8`;
}

function emptiness(text: string): string | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  if (/^\ufeff?\s*$/.test(text)) return `the file is empty: ${BEGIN}`;
  // A line that begins with something other than a comment. White space that ends a line is left out, because a new
  // search begins behind it: hostile text would take quadratic time.
  return /^[^\S\n\r\u2028\u2029]*[^\s#]/m.test(text.replace(/^\ufeff/, ''))
    ? undefined
    : `the file contains comments only: ${BEGIN}`;
}

function sizeProblem(text: string): string | undefined {
  const advice =
    'put long lists into files of their own, one address a line, and name them: lists: { sanctioned: { from: "sanctioned.txt" } }';
  if (text.length > MAX_LENGTH) {
    return `the policy is too large: ${text.length} characters of at most ${MAX_LENGTH}; ${advice}`;
  }
  let parts = 0;
  let marks = 0;
  for (const character of text) {
    if (character === ',' || character === '\n') parts++;
    else if (MARKS.has(character)) marks++;
  }
  if (parts > MAX_PARTS) {
    return `the policy has too many entries: ${parts} commas and lines of at most ${MAX_PARTS}; ${advice}`;
  }
  return marks > MAX_MARKS
    ? `the policy has too many brackets, quotes and the like: ${marks} of at most ${MAX_MARKS}; ${advice}`
    : undefined;
}

/** A file without these keys is not quoted in a report: if two parameters were swapped, it may be a key. */
const LOOKS_LIKE_POLICY = /(^|[\s{,])["']?(version|rules)["']?\s*:/;

/** Files of this project that are given in place of a policy. */
const OTHER_FILES: readonly (readonly [RegExp, string])[] = [
  [/^cases[ \t]*:/m, 'these are test cases: npm run policy -- test FILE'],
  [/^\s*\{.*"(?:event|level)"\s*:/, 'this is a log: npm run policy -- replay FILE'],
  [
    /^\s*\{[^]*"(?:txId|requestId|operation|extraInfo)"\s*:/,
    'this is a request: npm run policy -- explain FILE',
  ],
  [
    /^\s*(?:0x[\da-fA-F]{40}\s+){2}/,
    'this is a list of addresses: name it in a policy, lists: { sanctioned: { from: "FILE" } }',
  ],
  [/^\s*<(?:!|html|\?xml)/i, 'this is a web page'],
  [/^\s*\{/, 'this is JSON, and not the one of a policy'],
];

function otherFile(text: string): string | undefined {
  if (LOOKS_LIKE_POLICY.test(text)) return undefined;
  const [, what] = OTHER_FILES.find(([pattern]) => pattern.test(text)) ?? [];
  if (what !== undefined) return `not a policy: ${what}. ${KEYS}`;
  return `not a policy: a policy has the keys ${POLICY_KEYS}`;
}
