// A list from elsewhere answers exactly as a list of the same entries that is written in the policy.
import { bech32, bech32m, createBase58check } from '@scure/base';
import fc from 'fast-check';
import t from 'tap';
import { cashAddrSpellings } from '../../../src/chain/address/cash-addr.js';
import { sha256 } from '../../../src/chain/hash.js';
import { CHAIN_NAMES } from '../../../src/chain/chain.js';
import { tonSpellings } from '../../../src/chain/address/ton.js';
import { Address } from '../../../src/policy/facts/address.js';
import { AddressList } from '../../../src/policy/language/address-list.js';
import { NamedList } from '../../../src/policy/language/named-list.js';

const CHAINS = [undefined, 'evm/1', 'evm/137', ...CHAIN_NAMES];
const base58check = createBase58check(sha256);

/** A list as a file, and as entries of a policy. */
function bothLists(entries: readonly string[]): { readonly long: NamedList; readonly short: NamedList } {
  const list = new AddressList(Buffer.from(entries.map((entry) => `${entry}\n`).join('')), entries.length);
  let start = 0;
  for (const { length } of entries) {
    list.add(start, start + length);
    start += length + 1;
  }
  return { long: new NamedList(list), short: new NamedList(entries) };
}

/** All that some chain may take for a spelling of an address with these bytes. */
function spellings(hash: Buffer): readonly string[] {
  const hex = hash.toString('hex');
  const long = Buffer.concat([hash, hash]).subarray(0, 32);
  const versions = [0x00, 0x05, 0x1c, 0x28, 0x30, 0x32, 0x3a, 0x41, 0x6f, 0xc4];
  const ton = [`0:${long.toString('hex')}`, `-1:${long.toString('hex')}`];
  const friendly = ton.flatMap(tonSpellings);
  const words = bech32.toWords(hash);
  const segwit = ['bc', 'tb', 'ltc', 'cosmos', 'addr_test'].flatMap((prefix) => [
    bech32.encode(prefix, [0, ...words]),
    bech32m.encode(prefix, [1, ...bech32.toWords(long)]),
  ]);
  const cash = (['keyHash', 'scriptHash'] as const).flatMap((type) =>
    ['bitcoincash', 'bchtest'].flatMap((prefix) => cashAddrSpellings({ type, hash }, prefix)),
  );
  return [
    ...[hex, `41${hex}`, hex.replace(/^0+/, ''), hex.padStart(64, '0'), long.toString('hex')].flatMap(
      (digits) => [digits, `0x${digits}`, `0X${digits}`],
    ),
    ...versions.map((version) => base58check.encode(Uint8Array.of(version, ...hash))),
    ...[...ton, ...friendly, ...friendly.map((text) => text.replaceAll('-', '+').replaceAll('_', '/'))],
    ...[...segwit, ...cash],
  ];
}

const HASHES = [
  Buffer.alloc(20, 7),
  Buffer.alloc(20, 'address'),
  Buffer.from(`0000${'a9'.repeat(18)}`, 'hex'),
];

const text = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...HASHES),
      fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    ),
    fc.nat(),
    fc.constantFrom('', 'upper', 'lower', 'mixed'),
  )
  .map(([hash, index, letters]) => {
    const all = spellings(Buffer.from(hash));
    const written = all[index % all.length] ?? '';
    if (letters === 'upper') return written.toUpperCase();
    if (letters === 'lower') return written.toLowerCase();
    return letters === 'mixed' ? written.replace(/[a-z]$/i, (last) => last.toUpperCase()) : written;
  });

t.test('answers as a list in the policy does, for addresses of all families in all spellings', (t) => {
  let found = 0;
  const result = fc.check(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 12 }),
      fc.array(text, { minLength: 5 }),
      (entries, asked) => {
        const { long, short } = bothLists(entries);
        for (const each of [...asked, ...entries, `${entries[0]}x`, `\u200b${entries[0]} `, '', 'é']) {
          if (long.has(each) !== short.has(each)) throw new Error(`has ${each}: ${entries.join(' ')}`);
          for (const chain of CHAINS) {
            const address = new Address(each, chain);
            const expected = short.hasAddress(address);
            if (expected && !entries.includes(each)) found++;
            if (long.hasAddress(address) !== expected) {
              throw new Error(`${each} on ${chain} is ${expected ? '' : 'not '}in ${entries.join(' ')}`);
            }
            for (const tag of [undefined, '1']) {
              if (long.hasDestination(address, tag) !== short.hasDestination(address, tag))
                throw new Error('tag');
            }
          }
        }
      },
    ),
    { numRuns: 300, endOnFailure: true },
  );
  t.notOk(result.failed, String(result.errorInstance));
  t.ok(found > 500, `${found} were found in another spelling`);
  t.end();
});

t.test('finds every spelling of an address that is listed in any other', (t) => {
  for (const hash of HASHES) {
    const all = spellings(hash);
    for (const entry of all) {
      const { long, short } = bothLists([entry]);
      for (const chain of CHAINS) {
        const wrong = all.filter((each) => {
          const address = new Address(each, chain);
          return long.hasAddress(address) !== short.hasAddress(address);
        });
        if (wrong.length > 0) t.fail(`${chain}: ${entry} and ${wrong.join(', ')}`);
      }
    }
    t.pass(`${all.length} spellings`);
  }
  t.end();
});

t.test('never takes entries with the same hash for each other', (t) => {
  const addresses = Array.from(
    { length: 50_000 },
    (_, index) => `0x${sha256(Buffer.from(String(index))).toString('hex', 0, 20)}`,
  );
  const { long } = bothLists(addresses.slice(0, 25_000));
  const isListed = (address: string): boolean => long.hasAddress(new Address(address, 'evm/1'));
  t.strictSame(
    addresses.map(isListed),
    addresses.map((_, index) => index < 25_000),
  );
  t.end();
});

t.test('has no names and no entries with more', (t) => {
  const { long } = bothLists(['0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8']);
  t.equal(long.hasNames, false);
  t.strictSame(long.entriesFor(new Address('0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8', 'evm/1')), []);
  t.end();
});
