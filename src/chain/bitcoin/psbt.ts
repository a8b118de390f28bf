// Checks that what a RAW request signs are signature hashes of the PSBT that it shows.
import { isObject } from '../../protocol/request.js';
import { networkOf, type Network } from '../address/network.js';
import { NOTHING, type FamilyResult } from '../facts.js';
import { contradicts, HOLDS, malformedBy, unknown, type Finding } from '../finding.js';
import type { Signing } from '../signing.js';
import { ownScripts } from './change.js';
import { toFacts } from './facts.js';
import { sighashName } from './sighash-type.js';
import type { SortedOutput } from './outcome.js';
import { readPsbtText, type Psbt } from './psbt-format.js';
import { sighashesOf, type InputSighash } from './sighash.js';

const CHAIN_UNKNOWN = unknown('a psbt does not show its network');
const DECIMALS = 8;

/**
 * Every message must be what SIGHASH_ALL signs for an input of the PSBT (BIP-143, BIP-341, and the rules before SegWit).
 * @param signing a RAW request with `extraParameters.psbt`
 */
export function readPsbt(signing: Signing): FamilyResult {
  const { asset, extraParameters } = signing;
  const text = extraParameters['psbt'];
  if (typeof text !== 'string') return NOTHING;
  const network = asset === undefined ? undefined : networkOf(asset.chain);
  try {
    const psbt = readPsbtText(text);
    const sighashes = sighashesOf(psbt, network?.cash !== undefined);
    const payload = checkMessages(signing, sighashes);
    // The psbt is not what is signed if a payload is something else.
    const isShown = payload.outcome !== 'contradicts' && arePayloadsShown(signing);
    return {
      reading: isShown ? readingOf(psbt, sighashes, signing, network) : {},
      findings: { payload, chain: CHAIN_UNKNOWN },
    };
  } catch (error) {
    return {
      reading: {},
      findings: { payload: contradicts(`psbt is malformed: ${malformedBy(error)}`), chain: CHAIN_UNKNOWN },
    };
  }
}

function checkMessages(signing: Signing, sighashes: readonly InputSighash[]): Finding {
  const contents = contentsOf(signing.extraParameters);
  if (contents === undefined) return unknown('the request has no messages that are signed');
  const digests = new Set(
    sighashes.flatMap((input) => input.digests.map((digest) => digest.toString('hex'))),
  );
  const other = contents.find((content) => !digests.has(content));
  if (other !== undefined) return notSighash(other, sighashes);
  return arePayloadsShown(signing) ? HOLDS : unknown('a payload of rawTx is not one of the messages');
}

/** Whether every payload that will be signed is one of the displayed messages, if there are such. */
function arePayloadsShown({ entries, extraParameters }: Signing): boolean {
  const contents = contentsOf(extraParameters);
  if (contents === undefined) return true;
  const shown = new Set(contents);
  return entries.every(({ payload }) => payload === undefined || shown.has(payload.toString('hex')));
}

function notSighash(content: string, sighashes: readonly InputSighash[]): Finding {
  const what = `the message ${content.slice(0, 64)} is not a signature hash of the psbt`;
  for (const [index, { otherType }] of sighashes.entries()) {
    if (otherType === undefined) continue;
    return contradicts(`${what}, whose input ${index} has ${sighashName(otherType)} instead of SIGHASH_ALL`);
  }
  const why = sighashes.find(({ unknown }) => unknown !== undefined)?.unknown;
  return why === undefined ? contradicts(what) : unknown(`${what} that can be computed: ${why}`);
}

/** @returns the messages in hexadecimal; `undefined` if there are none, or one of them has no content */
function contentsOf(extraParameters: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const { rawMessageData } = extraParameters;
  const messages = isObject(rawMessageData) ? rawMessageData['messages'] : undefined;
  if (!Array.isArray(messages) || messages.length === 0) return undefined;
  const contents = messages.map((message: unknown) => (isObject(message) ? message['content'] : undefined));
  if (!contents.every((content) => typeof content === 'string')) return undefined;
  return contents.map((content) => content.trim().replace(/^0x/i, '').toLowerCase());
}

/**
 * Only what the signed inputs confirm is a fact: amounts that are signed or proven by the previous transaction, and as
 * change what goes back to the script of a signed input, or to an own address.
 */
function readingOf(
  { transaction, inputs }: Psbt,
  sighashes: readonly InputSighash[],
  { catalog, asset, extraParameters }: Signing,
  network?: Network,
): FamilyResult['reading'] {
  const contents = new Set(contentsOf(extraParameters));
  const isSigned = sighashes.map(({ digests }) =>
    digests.some((digest) => contents.has(digest.toString('hex'))),
  );
  const signed = inputs.flatMap(({ spent }, index) =>
    spent !== undefined && isSigned[index] ? [spent.script] : [],
  );
  const own = network === undefined ? [] : ownScripts(catalog.own, network);
  const change = new Set([...signed, ...own].map((script) => script.toString('latin1')));
  const outputs = transaction.outputs.map((output): SortedOutput => ({
    ...output,
    purpose: change.has(output.script.toString('latin1')) ? 'change' : 'unexplained',
  }));
  const spent = transaction.inputs.map(({ outpoint }, index) => {
    const input = inputs[index];
    const isKnown = input?.isProven === true || (isSigned[index] && sighashes[index]?.bindsAmount);
    return isKnown && input?.spent !== undefined ? { outpoint, value: input.spent.value } : { outpoint };
  });
  const facts = toFacts(spent, outputs, asset?.decimals ?? DECIMALS, network);
  return facts === undefined ? {} : { bitcoin: facts };
}
