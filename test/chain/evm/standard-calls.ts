// One call of each standard method that moves or approves tokens, with its effects.
import { ALICE, BOB, MAX_UINT256, UNKNOWN, USDC } from './call-fixtures.js';

const SIGNATURE = [27, `0x${'11'.repeat(32)}`, `0x${'22'.repeat(32)}`] as const;
const MAX_UINT160 = (1n << 160n) - 1n;

/** Method, arguments, transfers and approvals on the contract `USDC`, in the form of `summarize`. */
export const METHODS = [
  ['transfer(address,uint256)', [BOB, 100n], [`${USDC} .>${BOB} 100`], []],
  ['transferFrom(address,address,uint256)', [ALICE, BOB, 100n], [`${USDC} ${ALICE}>${BOB} 100`], []],
  ['approve(address,uint256)', [BOB, 100n], [], [`${USDC} ${BOB} 100`]],
  ['increaseAllowance(address,uint256)', [BOB, MAX_UINT256], [], [`${USDC} ${BOB} ${MAX_UINT256} unlimited`]],
  ['decreaseAllowance(address,uint256)', [BOB, 100n], [], []],
  ['increaseApproval(address,uint256)', [BOB, 100n], [], [`${USDC} ${BOB} 100`]],
  [
    'permit(address,address,uint256,uint256,uint8,bytes32,bytes32)',
    [ALICE, BOB, 100n, 1n, ...SIGNATURE],
    [],
    [`${USDC} ${BOB} 100`],
  ],
  ['permit(address,address,uint256,uint256,bytes)', [ALICE, BOB, 9n, 1n, '0x'], [], [`${USDC} ${BOB} 9`]],
  [
    'permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)',
    [ALICE, BOB, 7n, 1n, true, ...SIGNATURE],
    [],
    [`${USDC} ${BOB} ${MAX_UINT256} unlimited`],
  ],
  [
    'permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)',
    [ALICE, BOB, 7n, 1n, false, ...SIGNATURE],
    [],
    [`${USDC} ${BOB} 0`],
  ],
  [
    'transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)',
    [ALICE, BOB, 100n, 1n, 2n, SIGNATURE[1], ...SIGNATURE],
    [`${USDC} ${ALICE}>${BOB} 100`],
    [],
  ],
  [
    'receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)',
    [ALICE, BOB, 100n, 1n, 2n, SIGNATURE[1], '0x'],
    [`${USDC} ${ALICE}>${BOB} 100`],
    [],
  ],
  ['safeTransferFrom(address,address,uint256)', [ALICE, BOB, 7n], [`${USDC} ${ALICE}>${BOB} 7`], []],
  [
    'safeTransferFrom(address,address,uint256,bytes)',
    [ALICE, BOB, 7n, '0x'],
    [`${USDC} ${ALICE}>${BOB} 7`],
    [],
  ],
  [
    'safeTransferFrom(address,address,uint256,uint256,bytes)',
    [ALICE, BOB, 7n, 3n, '0x'],
    [`${USDC} ${ALICE}>${BOB} 3`],
    [],
  ],
  [
    'safeBatchTransferFrom(address,address,uint256[],uint256[],bytes)',
    [ALICE, BOB, [7n, 8n], [3n, 4n], '0x'],
    [`${USDC} ${ALICE}>${BOB} 3`, `${USDC} ${ALICE}>${BOB} 4`],
    [],
  ],
  ['setApprovalForAll(address,bool)', [BOB, true], [], [`${USDC} ${BOB} 1 unlimited`]],
  ['setApprovalForAll(address,bool)', [BOB, false], [], [`${USDC} ${BOB} 0`]],
  ['authorizeOperator(address)', [BOB], [], [`${USDC} ${BOB} ${MAX_UINT256} unlimited`]],
  ['deposit()', [], [], []],
  ['withdraw(uint256)', [1n], [], []],
  ['approve(address,address,uint160,uint48)', [USDC, BOB, 5n, 1n], [], [`${USDC} ${BOB} 5`]],
  [
    'permit(address,((address,uint160,uint48,uint48),address,uint256),bytes)',
    [ALICE, [[USDC, MAX_UINT160, 1n, 2n], BOB, 3n], '0x'],
    [],
    [`${USDC} ${BOB} ${MAX_UINT160} unlimited`],
  ],
  [
    'permit(address,((address,uint160,uint48,uint48)[],address,uint256),bytes)',
    [
      ALICE,
      [
        [
          [USDC, 5n, 1n, 2n],
          [UNKNOWN, 6n, 1n, 2n],
        ],
        BOB,
        3n,
      ],
      '0x',
    ],
    [],
    [`${USDC} ${BOB} 5`, `${UNKNOWN} ${BOB} 6`],
  ],
  [
    'transferFrom(address,address,uint160,address)',
    [ALICE, BOB, 5n, UNKNOWN],
    [`${UNKNOWN} ${ALICE}>${BOB} 5`],
    [],
  ],
  [
    'transferFrom((address,address,uint160,address)[])',
    [[[ALICE, BOB, 5n, UNKNOWN]]],
    [`${UNKNOWN} ${ALICE}>${BOB} 5`],
    [],
  ],
  [
    'permitTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes)',
    [[[UNKNOWN, 9n], 1n, 2n], [BOB, 5n], ALICE, '0x'],
    [`${UNKNOWN} ${ALICE}>${BOB} 5`],
    [],
  ],
  [
    'permitTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes)',
    [[[[UNKNOWN, 9n]], 1n, 2n], [[BOB, 5n]], ALICE, '0x'],
    [`${UNKNOWN} ${ALICE}>${BOB} 5`],
    [],
  ],
  [
    'permitWitnessTransferFrom(((address,uint256),uint256,uint256),(address,uint256),address,bytes32,string,bytes)',
    [[[UNKNOWN, 9n], 1n, 2n], [BOB, 5n], ALICE, SIGNATURE[1], 'Witness', '0x'],
    [`${UNKNOWN} ${ALICE}>${BOB} 5`],
    [],
  ],
  [
    'permitWitnessTransferFrom(((address,uint256)[],uint256,uint256),(address,uint256)[],address,bytes32,string,bytes)',
    [[[[UNKNOWN, 9n]], 1n, 2n], [[BOB, 5n]], ALICE, SIGNATURE[1], 'Witness', '0x'],
    [`${UNKNOWN} ${ALICE}>${BOB} 5`],
    [],
  ],
] as const;
