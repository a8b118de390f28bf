// Attacks that no policy that ships approves: the examples, the guide's first policy, and the comments of policy.yaml.
import { readFileSync } from 'node:fs';
import { Interface } from 'ethers';
import t from 'tap';
import { decideBy } from '../../src/policy/evaluate/rules.js';
import { parsePolicy } from '../../src/policy/parse/file.js';
import { parseRequest } from '../../src/protocol/request.js';
import { readPayload } from '../../cli/cosigner/request.js';
import { ROOT } from '../helpers/cli.js';

type Json = Readonly<Record<string, unknown>>;

const read = (file: string): string => readFileSync(`${ROOT}${file}`, 'utf8');

/** The policy that `policy.yaml` becomes if every comment in its lists, tables and rules is removed. */
const uncommented = read('policy.yaml').replaceAll(/^( +)# /gm, '$1');
const [, guide = ''] = /```yaml\n(version: 1.*?)```/s.exec(read('POLICY.md')) ?? [];

const policies = Object.entries({
  'local-policy.yaml': read('examples/local-policy.yaml'),
  'stricter-limit.yaml': read('examples/stricter-limit.yaml'),
  'worked-rules.yaml': read('examples/worked-rules.yaml'),
  'policy.yaml': read('policy.yaml'),
  'policy.yaml, uncommented': uncommented,
  'POLICY.md': guide,
}).map(([name, text]) => ({ name, policy: parsePolicy(text, name) }));

const WORKING_HOURS = new Date('2026-03-03T10:00:00+01:00');

function decide(policy: (typeof policies)[number]['policy'], payload: Json): string {
  return decideBy(policy, parseRequest({ requestId: 'attack', ...payload }), WORKING_HOURS).action;
}

function approvedBy(payload: Json): readonly string[] {
  return policies.filter(({ policy }) => decide(policy, payload) === 'APPROVE').map(({ name }) => name);
}

const PAYEE = '0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8';
const STRANGER = '0x00000000219ab540356cBB839Cbe05303d7705Fa';
const BLOCKED = '0x000000000000000000000000000000000000dEaD';
const USDC = '0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48';
const SPENDER = '0x68b3465833fb72A70ecDF485E0e4C7bD8665Fc45';
const UNLIMITED = 2n ** 256n - 1n;

const transfer = readPayload(`${ROOT}cli/cosigner/samples/tx-eth-transfer.json`) as Json & {
  readonly destinations: readonly [Json];
};
const user = { signerId: 'b1c3a9d4-2f0a-4c0e-9a7b-1f7d2f9a4e55', sourceId: '0' };
const [destination] = transfer.destinations;
/** The same transfer without its raw transaction, so that only what is displayed decides. */
const displayed: Json = { ...transfer, ...user, rawTx: undefined };

function transferTo(changes: Json, request: Json = {}): Json {
  return { ...displayed, ...request, destinations: [{ ...destination, ...changes }] };
}

const abi = new Interface([
  'function transfer(address to, uint256 amount)',
  'function approve(address spender, uint256 amount)',
  'function increaseAllowance(address spender, uint256 amount)',
  'function setApprovalForAll(address operator, bool approved)',
  'function multicall(bytes[] data)',
  'function execTransaction(address to, uint256 value, bytes data, uint8 operation, uint256 safeTxGas, uint256 baseGas, uint256 gasPrice, address gasToken, address refundReceiver, bytes signatures)',
  'function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)',
]);

function call(data: string, to: string = USDC): Json {
  return {
    ...user,
    operation: 'CONTRACT_CALL',
    asset: 'ETH',
    amountStr: '0',
    fee: '0.002',
    destAddress: to,
    extraParameters: { contractCallData: data },
  };
}

const drain = abi.encodeFunctionData('transfer', [STRANGER, 100_000_000n]);
const NOBODY = '0x0000000000000000000000000000000000000000';
const inSafe = (data: string): string =>
  abi.encodeFunctionData('execTransaction', [USDC, 0, data, 0, 0, 0, 0, NOBODY, NOBODY, '0x']);

function permit(message: Json, domain: Json = {}): Json {
  const types = {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Permit: ['owner:address', 'spender:address', 'value:uint256', 'nonce:uint256', 'deadline:uint256'].map(
      (field) => ({ name: field.split(':')[0], type: field.split(':')[1] }),
    ),
  };
  const content = {
    types,
    primaryType: 'Permit',
    domain: { name: 'USD Coin', version: '2', chainId: 1, verifyingContract: USDC, ...domain },
    message: { owner: PAYEE, spender: SPENDER, value: '1000000', nonce: 0, deadline: 1893456000, ...message },
  };
  return {
    ...user,
    operation: 'TYPED_MESSAGE',
    asset: 'ETH',
    amountStr: '0',
    fee: '0.001',
    extraParameters: { rawMessageData: { messages: [{ type: 'EIP712', content }] } },
  };
}

const xrp: Json = {
  ...user,
  operation: 'TRANSFER',
  asset: 'XRP',
  amountStr: '20',
  fee: '0.00001',
  destinations: [
    {
      amountUSD: 45.5,
      dstType: 'UNMANAGED',
      displayDstAddress: 'rPEPPER7kfTD9w2To4CQk6UCfuHM9c6GDY',
      displayDstTag: '4711',
    },
  ],
};

t.test('what the attacks are made from is approved, so that each test can fail', (t) => {
  t.ok(approvedBy({ ...transfer, ...user }).length >= 4, 'the published transfer');
  t.ok(approvedBy(displayed).length >= 4, 'the transfer without its raw transaction');
  for (const [name, payload] of Object.entries({
    'a token transfer by a call': call(abi.encodeFunctionData('transfer', [PAYEE, 1_000_000n])),
    'a small approval': call(abi.encodeFunctionData('approve', [SPENDER, 1_000_000n])),
    'a small permit': permit({}),
    'a transfer with the exchange’s tag': xrp,
  })) {
    t.strictSame(approvedBy(payload), ['worked-rules.yaml'], name);
  }
  t.end();
});

const attacks: Readonly<Record<string, Json>> = {
  'a call that drains a token': call(drain),
  'the published case of it': JSON.parse(
    '{"operation":"CONTRACT_CALL","signerId":"b1c3a9d4-2f0a-4c0e-9a7b-1f7d2f9a4e55","asset":"ETH","amountStr":"0","fee":"0.002","destAddress":"0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48","extraParameters":{"contractCallData":"0xa9059cbb000000000000000000000000000000000000000000000000000000000000dead00000000000000000000000000000000000000000000000000005af3107a4000"}}',
  ) as Json,
  'a drain in a multicall': call(abi.encodeFunctionData('multicall', [[drain]])),
  'a drain beside a payment in a multicall': call(
    abi.encodeFunctionData('multicall', [[abi.encodeFunctionData('transfer', [PAYEE, 1n]), drain]]),
  ),
  'a drain in a Safe transaction': call(inSafe(drain)),
  'a drain in a Safe transaction, sent to a payee': call(inSafe(drain), PAYEE),
  'a drain with coins': { ...call(abi.encodeFunctionData('transfer', [PAYEE, 1n])), amountStr: '1' },
  'a drain above the limit': call(abi.encodeFunctionData('transfer', [PAYEE, 10n ** 12n])),
  'a call with dirty address bytes': call(
    abi.encodeFunctionData('transfer', [PAYEE, 1n]).replace('0xa9059cbb00', '0xa9059cbb01'),
  ),
  'a call with trailing bytes': call(`${abi.encodeFunctionData('transfer', [PAYEE, 1n])}00`),
  'a call without data': call(''),
  'a call without readable data': call('0xa9059cbb'),
  'an unlimited approval': call(abi.encodeFunctionData('approve', [SPENDER, UNLIMITED])),
  'an approval of almost everything': call(abi.encodeFunctionData('approve', [SPENDER, UNLIMITED - 1n])),
  'an approval of a stranger': call(abi.encodeFunctionData('approve', [STRANGER, 1n])),
  'an increased allowance': call(abi.encodeFunctionData('increaseAllowance', [STRANGER, UNLIMITED])),
  'an approval of all tokens': call(abi.encodeFunctionData('setApprovalForAll', [STRANGER, true])),
  'a permit as a call': call(
    abi.encodeFunctionData('permit', [
      PAYEE,
      STRANGER,
      1n,
      1n,
      27,
      '0x'.padEnd(66, '1'),
      '0x'.padEnd(66, '2'),
    ]),
  ),
  'an unlimited permit': permit({ value: UNLIMITED.toString() }),
  'a permit for a stranger': permit({ spender: STRANGER }),
  'a permit above the limit': permit({ value: '1000000001' }),
  'a permit of another token': permit({}, { verifyingContract: STRANGER }),
  'a permit on another chain': permit({}, { chainId: 137 }),
  'the published permit without types': {
    ...user,
    operation: 'TYPED_MESSAGE',
    asset: 'ETH',
    amountStr: '0',
    extraParameters: {
      rawMessageData: {
        messages: [
          {
            type: 'EIP712',
            content: { primaryType: 'Permit', message: { spender: STRANGER, value: UNLIMITED.toString() } },
          },
        ],
      },
    },
  },
  'a second destination': {
    ...displayed,
    destinations: [destination, { ...destination, displayDstAddress: STRANGER, dstType: 'ONE_TIME_ADDRESS' }],
  },
  'the published second destination': JSON.parse(
    '{"operation":"TRANSFER","signerId":"b1c3a9d4-2f0a-4c0e-9a7b-1f7d2f9a4e55","sourceId":"0","destType":"VAULT","destId":"1","asset":"ETH","amountStr":"9","fee":"0.001","destinations":[{"amountUSD":1,"dstType":"VAULT","displayDstAddress":"0x5dC69B1Fbb13Bafd09af88a782F0F285772Ad5f8"},{"amountUSD":9000,"dstType":"ONE_TIME_ADDRESS","displayDstAddress":"0x00000000219ab540356cBB839Cbe05303d7705Fa"}]}',
  ) as Json,
  'an unpriced token': {
    ...transferTo({ amountUSD: 0, amountNativeStr: '1000000000' }),
    asset: 'XYZ',
    amountStr: '1000000000',
    requestedAmountStr: '1000000000',
  },
  'an unpriced token without addresses': {
    ...user,
    operation: 'TRANSFER',
    destType: 'VAULT',
    asset: 'XYZ',
    amountStr: '1000000000',
    fee: '1',
    destinations: [{ amountUSD: 0 }],
  },
  'a display address that differs': transferTo({ dstAddress: STRANGER }),
  'a destAddress that differs': { ...displayed, destAddress: STRANGER },
  'destinations that add up to more': {
    ...displayed,
    destinations: [destination, destination],
  },
  'the tag of another customer': {
    ...xrp,
    destinations: [{ ...(xrp['destinations'] as Json[])[0], displayDstTag: '4712' }],
  },
  'no tag': { ...xrp, destinations: [{ ...(xrp['destinations'] as Json[])[0], displayDstTag: '' }] },
  'a tag where the payee has none': transferTo({ displayDstTag: '1' }),
  'a transfer of another amount than is signed': {
    ...transfer,
    ...user,
    amountStr: '0.02',
    requestedAmountStr: '0.02',
    destinations: [{ ...destination, amountNativeStr: '0.02' }],
  },
  'a transfer to another address than is signed': {
    ...transfer,
    ...user,
    rawTx: [
      {
        rawTx: 'ec098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a764000080018080',
        payload: 'daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53',
      },
    ],
  },
  'an amount that only the destination and the requested amount show': {
    ...transferTo({ amountNativeStr: '1000' }),
    requestedAmountStr: '1000',
  },
  'an amount that only the requested amount shows': {
    ...transferTo({ amountNativeStr: undefined }),
    requestedAmountStr: '1000',
  },
  'a payload that is not the hash': {
    ...transfer,
    ...user,
    rawTx: [{ ...(transfer['rawTx'] as Json[])[0], payload: '00'.repeat(32) }],
  },
};

for (const [name, payload] of Object.entries(attacks)) {
  t.test(`no policy that ships approves ${name}`, (t) => {
    t.strictSame(approvedBy(payload), []);
    t.end();
  });
}

t.test('a blocked address is rejected in each spelling and each field', (t) => {
  const spellings = [
    BLOCKED,
    BLOCKED.toLowerCase(),
    BLOCKED.toUpperCase(),
    BLOCKED.slice(2),
    ` ${BLOCKED} `,
    `\u200b${BLOCKED}`,
    `${BLOCKED.slice(0, 10)}\u00ad${BLOCKED.slice(10)}`,
  ];
  const withBlockList = policies.filter(({ policy }) => policy.lists.has('blocked'));
  t.ok(withBlockList.length >= 4);
  for (const { name, policy } of withBlockList) {
    for (const spelling of spellings) {
      const requests = {
        displayDstAddress: transferTo({ displayDstAddress: spelling }, { destAddress: spelling }),
        dstAddress: transferTo({ displayDstAddress: undefined, dstAddress: spelling }, { destAddress: '' }),
        destAddress: { ...displayed, destAddress: spelling },
        'with a tag': transferTo(
          { displayDstAddress: spelling, displayDstTag: '1' },
          { destAddress: spelling },
        ),
      };
      for (const [field, payload] of Object.entries(requests)) {
        t.equal(decide(policy, payload), 'REJECT', `${name}: ${JSON.stringify(spelling)} as ${field}`);
      }
    }
  }
  t.end();
});
