// Generates the largest requests that are known: transactions with many legacy (pre-SegWit) Bitcoin inputs. Each of
// their `rawTx` entries contains the whole preimage.
import { createHash, randomBytes } from 'node:crypto';
import { type Payload, samplePayload } from '../../cli/cosigner/request.js';

/** The number of inputs that Fireblocks allows in a consolidation. */
export const MAX_INPUTS = 250;

const SIGHASH_ALL = 1;
const SEQUENCE = Buffer.from('fdffffff', 'hex');

/** A signing request for a consolidation; with 250 inputs its token has about 7 MB. */
export function legacyRequest(inputs = MAX_INPUTS): Payload {
  const outpoints = Array.from({ length: inputs }, () => Buffer.concat([randomBytes(32), uint32(0)]));
  const scripts = outpoints.map(() => payToKeyHash(randomBytes(20)));
  const output = Buffer.concat([uint64(12_345_678n), withLength(payToKeyHash(randomBytes(20)))]);
  const rawTx = scripts.map((script, signed) => {
    const preimage = Buffer.concat([
      uint32(2),
      compactSize(inputs),
      ...outpoints.flatMap((outpoint, input) => [
        outpoint,
        withLength(input === signed ? script : Buffer.alloc(0)),
        SEQUENCE,
      ]),
      ...[compactSize(1), output, uint32(0), uint32(SIGHASH_ALL)],
    ]);
    return {
      keyDerivationPath: `[ 44, 0, 0, 0, ${signed} ]`,
      rawTx: preimage.toString('hex'),
      payload: sha256(sha256(preimage)).toString('hex'),
    };
  });
  return { ...samplePayload('transaction'), asset: 'BTC', rawTx };
}

function payToKeyHash(hash: Buffer): Buffer {
  return Buffer.concat([Buffer.from('76a914', 'hex'), hash, Buffer.from('88ac', 'hex')]);
}

function withLength(script: Buffer): Buffer {
  return Buffer.concat([compactSize(script.length), script]);
}

/** Bitcoin's variable-length integer; one or three bytes here. */
function compactSize(value: number): Buffer {
  return value < 0xfd ? Buffer.from([value]) : Buffer.from([0xfd, value & 0xff, value >> 8]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
