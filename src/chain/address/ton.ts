// TON addresses: raw and user-friendly.
// https://docs.ton.org/v3/documentation/smart-contracts/addresses/address-formats
import { crc16 } from './crc16.js';

const RAW = /^(?:0|-1):[0-9a-f]{64}$/i;
const USER_FRIENDLY = /^[A-Za-z0-9+/_-]{48}$/;
/** The flag of addresses that are meant for the test network only. */
const TEST_ONLY = 0x80;
const BOUNCEABLE = 0x11;
const NON_BOUNCEABLE = 0x51;

/** @returns raw, such as `0:83df…`; `undefined` for text that is no address */
export function canonicalTon(text: string): string | undefined {
  if (RAW.test(text)) return text.toLowerCase();
  if (!USER_FRIENDLY.test(text)) return undefined;
  // Node.js decodes both alphabets of base64.
  const bytes = Buffer.from(text, 'base64');
  const kind = bytes.readUInt8(0) & ~TEST_ONLY;
  if (kind !== BOUNCEABLE && kind !== NON_BOUNCEABLE) return undefined;
  const workchain = bytes.readInt8(1);
  if (workchain !== 0 && workchain !== -1) return undefined;
  if (crc16(bytes.subarray(0, 34)) !== bytes.readUInt16BE(34)) return undefined;
  return `${workchain}:${bytes.toString('hex', 2, 34)}`;
}

/**
 * @param canonical raw, such as `0:83df…`
 * @returns its user-friendly forms, one for each combination of the flags; none for text that is no address
 */
export function tonSpellings(canonical: string): readonly string[] {
  if (!RAW.test(canonical)) return [];
  const [workchain = '', account = ''] = canonical.split(':');
  return [BOUNCEABLE, NON_BOUNCEABLE].flatMap((kind) =>
    [kind, kind | TEST_ONLY].map((flags) => {
      const bytes = Buffer.alloc(36);
      bytes.writeUInt8(flags, 0);
      bytes.writeInt8(Number(workchain), 1);
      bytes.write(account, 2, 'hex');
      bytes.writeUInt16BE(crc16(bytes.subarray(0, 34)), 34);
      return bytes.toString('base64url');
    }),
  );
}
