import t from 'tap';
import { id } from 'ethers';
import type { Catalog } from '../../../src/chain/catalog.js';
import { abiProblem } from '../../../src/chain/evm/contracts.js';
import { standardSignatures } from '../../../src/chain/evm/standards.js';
import { parseSignature } from '../../../src/chain/evm/abi-type.js';
import { AddressValue } from '../../../src/chain/facts.js';
import { MalformedError } from '../../../src/chain/finding.js';
import { toInteger } from '../../../src/chain/units.js';
import { Decimal } from '../../../src/protocol/decimal.js';
import {
  ALICE,
  BOB,
  CATALOG,
  CHAIN,
  effectsOf,
  encode,
  MAX_UINT256,
  read,
  ROUTER,
  UNKNOWN,
  USDC,
} from './call-fixtures.js';

const TRANSFER = encode('transfer(address,uint256)', ALICE, 1_500_000n);

function withContract(...abi: string[]): Catalog {
  return { ...CATALOG, contracts: [{ chain: CHAIN, address: ROUTER, name: 'router', abi }] };
}

t.test('reads the method and the arguments of a token transfer', (t) => {
  t.same(read(USDC, TRANSFER), {
    contract: USDC,
    selector: '0xa9059cbb',
    method: 'transfer',
    signature: 'transfer(address,uint256)',
    args: [
      { name: 'to', value: new AddressValue(ALICE, CHAIN) },
      { name: 'amount', value: toInteger(1_500_000n) },
    ],
    effects: {
      transfers: [
        { token: USDC, asset: 'USDC', to: ALICE, amount: new Decimal('1.5'), units: toInteger(1_500_000n) },
      ],
      approvals: [],
      complete: true,
    },
  });
  t.end();
});

t.test('shows only units for a token that the catalog lacks', (t) => {
  const [transfer] = read(UNKNOWN, TRANSFER)?.effects?.transfers ?? [];
  t.strictSame(Object.keys(transfer ?? {}).sort(), ['to', 'token', 'units']);
  t.end();
});

t.test('shows only the contract and the selector of an unknown method', (t) => {
  t.strictSame(read(USDC, '0x01020304ff'), { contract: USDC, selector: '0x01020304' });
  t.end();
});

t.test('reads nothing from fewer than four bytes', (t) => {
  t.equal(read(USDC, '0x'), undefined);
  t.equal(read(USDC, '0xa9059c'), undefined);
  t.end();
});

/** As applications append tags to calls (ERC-8021). */
const TAGGED = [
  ['trailing bytes', `${TRANSFER}00`],
  ['a trailing word', `${TRANSFER}${'00'.repeat(32)}`],
] as const;
const NOT_CANONICAL = [
  ['missing bytes', TRANSFER.slice(0, -2)],
  ['no arguments', TRANSFER.slice(0, 10)],
  ['bytes before an address', `${TRANSFER.slice(0, 10)}01${TRANSFER.slice(12)}`],
] as const;

for (const [what, data] of NOT_CANONICAL) {
  t.test(`rejects a call of a known token with ${what}`, (t) => {
    t.throws(() => read(USDC, data), MalformedError);
    t.end();
  });
}

t.test('does not read a call of a known token with bytes after its arguments', (t) => {
  for (const [what, data] of TAGGED) t.equal(read(USDC, data), undefined, what);
  t.end();
});

for (const [what, data] of [...TAGGED, ...NOT_CANONICAL]) {
  t.test(`does not read a call of an unknown contract with ${what}`, (t) => {
    t.equal(read(UNKNOWN, data), undefined);
    t.end();
  });
}

t.test('rejects values that are not canonical in any type', (t) => {
  const catalog = withContract(
    'function f(bool a, uint8 b, int8 c, bytes2 d, bytes e, string f, uint256[] g)',
  );
  const data = encode(
    'f(bool,uint8,int8,bytes2,bytes,string,uint256[])',
    ...[true, 255n, -128n, '0x0102', '0x010203', 'é', [1n, 2n]],
  );
  t.ok(read(ROUTER, data, catalog)?.args);
  const word = (index: number, value: string): string => {
    const at = 10 + index * 64;
    return data.slice(0, at) + value.padStart(64, '0') + data.slice(at + 64);
  };
  for (const [what, dirty] of [
    ['bool', word(0, '2')],
    ['uint8', word(1, '100')],
    ['int8', word(2, '80')],
    ['bytes2', word(3, '01020001'.padEnd(64, '0'))],
    ['offset', word(4, 'e1')],
    ['huge offset', word(4, 'f'.repeat(64))],
    ['length', word(7, 'ffffffff')],
    ['padding of bytes', word(8, '0102030001'.padEnd(64, '0'))],
    ['UTF-8', word(10, 'c328'.padEnd(64, '0'))],
    ['length of an array', word(11, '3')],
  ] as const) {
    t.throws(() => read(ROUTER, dirty, catalog), MalformedError, what);
  }
  t.end();
});

t.test('reads the methods that the policy defines for a contract', (t) => {
  const catalog = withContract(
    'function swap((address tokenIn, uint256 amountIn)[] legs, (address, bool) flags, bytes memo, string note)',
  );
  const data = encode(
    'swap((address,uint256)[],(address,bool),bytes,string)',
    ...[[[USDC, 5n]], [BOB, true], '0xABCD', 'hi'],
  );
  const call = read(ROUTER, data, catalog);
  t.equal(call?.method, 'swap');
  t.same(call?.args, [
    { name: 'legs', value: [{ tokenIn: new AddressValue(USDC, CHAIN), amountIn: toInteger(5n) }] },
    { name: 'flags', value: [new AddressValue(BOB, CHAIN), true] },
    { name: 'memo', value: '0xabcd' },
    { name: 'note', value: 'hi' },
  ]);
  t.strictSame(call?.effects, { transfers: [], approvals: [], complete: false });
  t.end();
});

t.test('names the arguments as the policy does, with the effects of the standard', (t) => {
  const catalog = withContract('function transfer(address payee, uint sum)');
  const call = read(ROUTER, TRANSFER, catalog);
  t.strictSame(
    call?.args?.map(({ name }) => name),
    ['payee', 'sum'],
  );
  t.strictSame(effectsOf(ROUTER, TRANSFER, catalog)?.transfers, [`${ROUTER} .>${ALICE} 1500000`]);
  t.end();
});

t.test('uses a definition on its own chain and contract only', (t) => {
  const catalog = withContract('function transfer(address payee, uint sum)');
  t.equal(read(UNKNOWN, TRANSFER, catalog)?.args?.[0]?.name, 'to');
  const elsewhere = { ...catalog, contracts: catalog.contracts.map((c) => ({ ...c, chain: 'evm/10' })) };
  t.equal(read(ROUTER, TRANSFER, elsewhere)?.args?.[0]?.name, 'to');
  t.end();
});

t.test('keeps an own property for a component named like a property of objects', (t) => {
  const catalog = withContract('function f((uint256 __proto__, uint256 constructor) x)');
  const call = read(ROUTER, encode('f((uint256,uint256))', [1n, 2n]), catalog);
  t.strictSame(Object.keys(call?.args?.[0]?.value ?? {}), ['__proto__', 'constructor']);
  t.end();
});

t.test('knows each standard by the selector of its signature', (t) => {
  for (const [selector, signature] of standardSignatures()) {
    const { text } = parseSignature(`function ${signature}`);
    t.equal(id(text).slice(0, 10), selector, text);
  }
  t.end();
});

t.test('explains a signature that it cannot read', (t) => {
  t.equal(abiProblem('function swap(address tokenIn, uint256 amountIn)'), undefined);
  t.equal(
    abiProblem('function f((address a, uint8[2][] b) c, bytes) external payable returns (uint)'),
    undefined,
  );
  t.match(abiProblem('swap(address)'), /function name/);
  t.match(abiProblem('event Transfer(address a)'), /function name/);
  t.match(abiProblem('function swap(adress to)'), /adress/);
  t.match(abiProblem('function swap(uint7 a)'), /uint7/);
  t.match(abiProblem('function swap(uint256[0] a)'), /length 0/);
  t.match(abiProblem('function swap(function a)'), /"function"/);
  t.match(abiProblem('function swap(address a, address a)'), /named "a"/);
  t.equal(abiProblem(' function  swap( address  a ); '), undefined);
  t.type(abiProblem('function swap(address'), 'string');
  t.type(abiProblem(''), 'string');
  t.end();
});

t.test('calls an approval unlimited from half of the largest amount on', (t) => {
  for (const [units, unlimited] of [
    [MAX_UINT256, true],
    [1n << 255n, true],
    [(1n << 255n) - 1n, false],
    [0n, false],
  ] as const) {
    const call = read(USDC, encode('approve(address,uint256)', BOB, units));
    t.equal(call?.effects?.approvals[0]?.unlimited, unlimited);
  }
  t.end();
});
