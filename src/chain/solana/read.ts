// Reads a Solana message: what is signed, and whether it agrees with the request.
import { isAddressOf } from '../address/canonical.js';
import type { Asset } from '../catalog.js';
import { familyOf } from '../chain.js';
import { NOTHING, payloadOnly, type FamilyResult } from '../facts.js';
import {
  contradicts,
  HOLDS,
  malformedBy,
  shorten,
  tryDecode,
  unknown,
  type Finding,
  type Findings,
} from '../finding.js';
import type { RawEntry, Signing } from '../signing.js';
import { displayedBy, type Displayed } from './displayed.js';
import { isComplete, solanaFacts } from './facts.js';
import { checkFee } from './fee.js';
import { readInstruction, type Reading } from './instruction.js';
import { decodeMessage, type Message } from './message.js';
import { checkTransfer } from './transfer.js';

/** Of an Ed25519 signature, in bytes. */
const SIGNATURE_LENGTH = 64;

/**
 * @param signing a request with `rawTx`. Without a known asset, the bytes are read only if their digest is the payload
 */
export function readSolana(signing: Signing): FamilyResult {
  const { asset, entries } = signing;
  const first = entries.find(({ rawTx }) => rawTx !== undefined)?.rawTx;
  if (first === undefined) return NOTHING;
  if (asset === undefined) return sniff(first, signing);
  if (familyOf(asset.chain) !== 'solana') return NOTHING;
  if (entries.some(({ rawTx }) => rawTx?.equals(first) === false)) {
    const reason = 'the entries of rawTx hold different messages';
    return payloadOnly(signing.operation === 'TRANSFER' ? contradicts(reason) : unknown(reason));
  }
  try {
    const message = decodeMessage(first);
    if (message !== undefined) return readMessage(message, first, { ...signing, asset });
    return payloadOnly(unknown('the version of the message in rawTx is not known'));
  } catch (error) {
    const malformed = contradicts(`rawTx is malformed: ${malformedBy(error)}`);
    return payloadOnly(
      isTransaction(first)
        ? unknown('rawTx is a transaction with signatures, and not the message that is signed')
        : malformed,
    );
  }
}

function readMessage(
  message: Message,
  bytes: Buffer,
  signing: Signing & { readonly asset: Asset },
): FamilyResult {
  const readings = message.instructions.map(readInstruction);
  const displayed = displayedBy(signing, readings);
  const chain = checkChain(displayed, signing);
  const solana = solanaFacts(message, readings, displayed, signing);
  return {
    reading: { ...(chain.outcome === 'holds' ? { chain: signing.asset.chain } : {}), solana },
    findings: {
      payload: checkPayload(signing.entries, bytes),
      chain,
      ...(signing.operation === 'TRANSFER' ? checks(message, readings, displayed, signing) : {}),
    },
  };
}

function checks(
  message: Message,
  readings: readonly Reading[],
  displayed: Displayed,
  signing: Signing & { readonly asset: Asset },
): Findings {
  return {
    ...checkTransfer(message, readings, displayed, signing),
    fee: checkFee(message, isComplete(readings), signing),
  };
}

/** Ed25519 signs the message itself (RFC 8032), and not a hash of it. */
function checkPayload(entries: readonly RawEntry[], message: Buffer): Finding {
  const differing = entries.find(({ payload }) => payload?.equals(message) === false)?.payload;
  if (differing !== undefined) {
    const [signed, shown] = [differing, message].map((bytes) => bytes.toString('hex', 0, 32));
    return contradicts(
      `the payload is ${signed}… (${differing.length} bytes), but rawTx is ${shown}… (${message.length})`,
    );
  }
  return entries.every(({ payload }) => payload !== undefined)
    ? HOLDS
    : unknown('an entry of rawTx has no payload');
}

/**
 * The bytes are the same on all networks of Solana, so that only addresses can show another chain. Those that operations
 * other than transfers display need not be addresses of accounts.
 */
function checkChain(
  { recipients }: Displayed,
  { asset, operation }: Signing & { readonly asset: Asset },
): Finding {
  const foreign = recipients.find(
    ({ address }) => address !== undefined && isAddressOf(address, asset.chain) === false,
  );
  if (foreign?.address === undefined) return HOLDS;
  const reason = `rawTx is a message of Solana, but the request displays ${shorten(foreign.address, 60)}`;
  return operation === 'TRANSFER' ? contradicts(reason) : unknown(reason);
}

/** Without a known asset, bytes are a Solana message only if they are what is signed, and decode strictly. */
function sniff(bytes: Buffer, signing: Signing): FamilyResult {
  if (
    !signing.entries.every(
      ({ rawTx, payload }) => rawTx?.equals(bytes) === true && payload?.equals(bytes) === true,
    )
  ) {
    return NOTHING;
  }
  const message = tryDecode(() => decodeMessage(bytes));
  if (message === undefined || message.instructions.length === 0) return NOTHING;
  const readings = message.instructions.map(readInstruction);
  const solana = solanaFacts(message, readings, displayedBy(signing, readings), signing);
  return { reading: { solana }, findings: { payload: HOLDS } };
}

/** Signatures, which may be zeros, and the message: the form that is sent to the network. */
function isTransaction(bytes: Buffer): boolean {
  const signatures = bytes[0] ?? 0;
  const message = tryDecode(() => decodeMessage(bytes.subarray(1 + signatures * SIGNATURE_LENGTH)));
  return signatures < 0x80 && message?.signatures === signatures;
}
