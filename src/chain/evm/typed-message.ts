// Reads typed messages (EIP-712): their digest, their content, and what they permit.
import { isObject } from '../../protocol/request.js';
import { type FamilyResult, payloadOnly, type TypedDataFacts } from '../facts.js';
import { contradicts, type Finding, HOLDS, malformedBy, unknown } from '../finding.js';
import { toHex } from '../hex.js';
import type { Signing } from '../signing.js';
import { type Budget, readTypedData, type TypedData } from './typed-data.js';
import { typedEffects } from './typed-effects.js';
import { UnreadableError, unreadableBy } from './typed-types.js';

/** Blocks of keccak256 for all messages of a request: 200 KB, or 15 ms. Text of 64 KB takes a third of them. */
const MAX_BLOCKS = 1500;
/** Longer content is not parsed, in characters of JSON. */
const MAX_JSON = 100_000;
const MAX_MESSAGES = 100;

/** A message: read, or why it is malformed or can't be known. */
type Outcome =
  { readonly data: TypedData } | { readonly malformed: string } | { readonly unreadable: string };

/**
 * Reads `extraParameters.rawMessageData.messages`. Payloads are compared with the EIP-712 digests of the messages;
 * `rawTx` is not, because nothing documents what it is for typed messages. `typedData` is absent if the request has
 * several messages, because a rule could not distinguish them, and if something else is signed than is displayed.
 * @param signing a TYPED_MESSAGE request
 */
export function readTypedMessage(signing: Signing): FamilyResult {
  const { rawMessageData } = signing.extraParameters;
  const messages = isObject(rawMessageData) ? rawMessageData['messages'] : undefined;
  if (!Array.isArray(messages) || messages.length === 0) {
    return payloadOnly(unknown('the request displays no message'));
  }
  if (messages.length > MAX_MESSAGES) {
    return payloadOnly(unknown(`there are more than ${MAX_MESSAGES} messages`));
  }
  const budget: Budget = { blocks: MAX_BLOCKS };
  const assetChain = signing.asset?.chain.startsWith('evm/') ? signing.asset.chain : undefined;
  const outcomes = messages.map((message: unknown) => readMessage(message, assetChain, budget));
  const payload = checkPayload(outcomes, signing);
  const [only] = outcomes;
  if (only === undefined || outcomes.length > 1 || !('data' in only) || payload.outcome === 'contradicts') {
    return payloadOnly(payload);
  }
  const { data } = only;
  return {
    reading: {
      // Only a payload shows that the chain is signed.
      ...(payload.outcome === 'holds' && data.chain !== undefined && { chain: data.chain }),
      typedData: toFacts(data, assetChain, signing),
    },
    findings: { payload, chain: checkChain(data, payload, signing) },
  };
}

function readMessage(message: unknown, assetChain: string | undefined, budget: Budget): Outcome {
  try {
    return { data: readTypedData(contentOf(message), assetChain, budget) };
  } catch (error) {
    const unreadable = unreadableBy(error);
    return unreadable === undefined ? { malformed: malformedBy(error) } : { unreadable };
  }
}

/** @throws {UnreadableError} */
function contentOf(message: unknown): unknown {
  const { type, content } = isObject(message) ? message : {};
  const isTyped = type === undefined || type === null || (typeof type === 'string' && /^eip712$/i.test(type));
  if (!isTyped) throw new UnreadableError('the message is not of type EIP712');
  return typeof content === 'string' ? parse(content) : content;
}

/** @throws {UnreadableError} */
function parse(content: string): unknown {
  if (content.length > MAX_JSON) throw new UnreadableError('the message is too large');
  try {
    return JSON.parse(content);
  } catch {
    throw new UnreadableError('the content of the message is not JSON');
  }
}

function toFacts(data: TypedData, assetChain: string | undefined, { catalog }: Signing): TypedDataFacts {
  const { primaryType, domain, message } = data;
  const effects = typedEffects(data, data.chain ?? assetChain, catalog);
  return { primaryType, domain, message, ...(effects && { effects }) };
}

/** Each payload must be the digest of one of the messages, and each message have its payload. */
function checkPayload(outcomes: readonly Outcome[], { entries }: Signing): Finding {
  for (const outcome of outcomes) {
    if ('malformed' in outcome) return contradicts(`the typed message is malformed: ${outcome.malformed}`);
  }
  const unreadable = outcomes.find((outcome) => 'unreadable' in outcome);
  if (unreadable) return unknown(unreadable.unreadable);
  const read = outcomes.flatMap((outcome) => ('data' in outcome ? [outcome.data] : []));
  const digests = new Set(read.map(({ digest }) => toHex(digest)));
  const payloads = new Set(entries.flatMap(({ payload }) => (payload ? [toHex(payload)] : [])));
  const strange = [...payloads].find((payload) => !digests.has(payload));
  if (strange !== undefined) return explainPayload(strange, read);
  if (payloads.size === 0) return unknown('the request has no payload');
  const isComplete = entries.every(({ payload }) => payload) && payloads.size === outcomes.length;
  return isComplete
    ? HOLDS
    : unknown(`${outcomes.length} messages are shown, but ${payloads.size} are signed`);
}

/** @param payload the digest of none of the messages */
function explainPayload(payload: string, read: readonly TypedData[]): Finding {
  const isOther = read.some(({ otherDigest }) => otherDigest && toHex(otherDigest) === payload);
  if (isOther) return unknown('the type of the domain is not the one that its fields have');
  const digests = read.map(({ digest }) => toHex(digest));
  const shown = digests.length > 2 ? `of none of ${digests.length} messages` : digests.join(' or ');
  return contradicts(`the payload is ${payload}, but the digest of the typed message is ${shown}`);
}

/** A message may be meant for another chain than the asset's. */
function checkChain({ chain }: TypedData, payload: Finding, { asset }: Signing): Finding {
  if (asset === undefined) return unknown('the chain of the asset is not known');
  if (chain === undefined) return unknown('the message names no chain');
  if (chain !== asset.chain)
    return unknown(`the message is for ${chain}, and the asset is on ${asset.chain}`);
  return payload.outcome === 'holds' ? HOLDS : unknown('no payload shows that the message is signed');
}
