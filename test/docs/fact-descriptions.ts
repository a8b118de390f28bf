// What each fact is, for docs/policy-reference.md; its name, its type and the fields of the request come from the code.

const EFFECTS = {
  transfers:
    'tokens and coins that it moves, also inside multicalls, Safe transactions and batches. Absent if there are none, and for an unknown method',
  approvals: 'permissions to take tokens that it gives. Absent if there are none, and for an unknown method',
  complete:
    'whether all of it could be read; always present. If not, the last entry of `transfers` and `approvals` stands for the rest, and a rule that reads it cannot be evaluated',
};

const MOVED = {
  asset: 'Fireblocks asset id, if the token is under `assets`',
  amount: 'in units of the asset; absent if the token is not under `assets`',
  units: 'the integer that is signed: the amount in the smallest units, or the id of an ERC-721 token',
};

const CALLER = {
  requestId: 'id of the request; always present',
  signerId: 'id of the API user that is about to sign',
};

/** Keyed by type and name. */
export const DESCRIPTIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Transaction: {
    ...CALLER,
    stage:
      '`"approval"` or `"signing"`; always present. `signing` if `fee` or any `displayDstAddress` is present, also if the request is for approval and signing at once',
    operation:
      '`TRANSFER`, `CONTRACT_CALL`, `RAW`, …; Fireblocks adds values. Always present: `TRANSFER` if the request has none',
    asset: 'Fireblocks asset id',
    amount:
      'in units of the asset. For a transfer whose destinations get more, which they may if it is `requestedAmountStr`: what they get',
    requestedAmount: 'in units of the asset',
    amountUsd:
      'US dollars: the exact sum over all destinations. Absent if any destination with an amount has no price or 0, and its asset no `price` under `assets`',
    fee: 'estimated fee, in the chain’s coin; signing only',
    sourceType: '`VAULT`, `EXCHANGE`, …',
    sourceId: 'id of the vault account or exchange account',
    destType: '`VAULT`, `EXCHANGE`, `ONE_TIME_ADDRESS`, …; absent with more than one destination',
    destId: 'absent for an address outside the workspace, and with more than one destination',
    destAddress: 'for contract calls on EVM chains: the contract. Absent with more than one destination',
    destAddressType: '`WHITELISTED`, `ONE_TIME`; absent with more than one destination',
    destinations: 'the destinations; absent if there are none',
    note: '',
    txId: 'id of the transaction',
    externalTxId: 'your own idempotency key',
    customerRefId: '',
    extraParameters: 'as sent, without absent fields',
    raw: 'whether what is signed is what is displayed; always present',
    evm: 'the EVM transaction that is signed',
    call: 'the contract call that is signed: from the raw transaction or, without one, from `contractCallData`',
    btc: 'the transaction of Bitcoin or its kin that is signed',
    solana: 'the Solana message that is signed',
    typedData: 'the typed message (EIP-712) that is signed, if it is the only message',
    expected:
      'what your own system announced for this transaction; absent if nothing was, if it has expired, or if another transaction used it. See [announced transactions](#announced-transactions)',
    initiator:
      'name of the initiator whose signature is in `extraParameters`; absent without a signature. If the signature does not prove this transaction, a rule that reads it cannot be evaluated. See [initiators](#initiators)',
  },
  Destination: {
    address:
      'the displayed address or, without one, the stored one or, for a transfer to one destination, `destAddress`. If they differ, a rule that reads it cannot be evaluated',
    addressType: '`WHITELISTED`, `ONE_TIME`',
    type: '`VAULT`, `EXCHANGE`, …',
    subType: '',
    id: '',
    walletId: '',
    name: '',
    tag: 'tag or memo',
    amount: 'in units of the asset',
    amountUsd:
      'US dollars, in the shortest decimal form of the number; a string is read like any other amount. A price of 0 for an amount counts as absent',
  },
  Expected: {
    matches:
      'whether the request is a transfer of exactly this: the asset, the amount, all destinations with their tags and amounts, and no other; always present',
    externalTxId: 'the id that it was announced for; or else:',
    txId: '',
    asset: 'Fireblocks asset id',
    amount: 'in units of the asset',
    expires: 'absent if it has no end',
  },
  Raw: {
    verified:
      'whether payload, recipient, amount and chain hold and nothing contradicts; always present. See [integrity](integrity.md)',
    problem: 'why it is not verified',
    chain: 'such as `evm/1`',
  },
  Evm: {
    chainId: 'absent in transactions before EIP-155',
    to: 'absent if the transaction creates a contract',
    value: 'in units of the chain’s coin',
    maxFee: 'the most that gas can cost, in units of the chain’s coin',
    nonce: '',
    delegates: 'the contracts that an EIP-7702 transaction delegates to',
  },
  Call: {
    contract: 'the contract that is called',
    selector: 'the first four bytes: `0xa9059cbb`',
    method: 'name of the method, if it is known: `transfer`',
    signature: 'the whole: `transfer(address,uint256)`',
    args: 'the arguments, by name and by number: `tx.call.args.amount`, `tx.call.args[1]`. Addresses compare as addresses, integers are decimals',
    ...EFFECTS,
  },
  Transfer: {
    token: 'contract or mint; absent for the chain’s own coin',
    ...MOVED,
    from: 'absent if it is the sender of the transaction',
    to: '',
    id: 'id of an ERC-721 or ERC-1155 token, if the method says that it is one',
  },
  Approval: {
    token: 'contract',
    ...MOVED,
    spender: 'who may take the tokens',
    unlimited: 'half of the largest possible amount or more, or all tokens of a collection',
  },
  Bitcoin: {
    outputs: 'all outputs; absent if they cannot be known',
    change: 'sum of the change, in coins',
    fee: 'in coins; absent if an input’s amount cannot be known',
    inputs: '',
  },
  Output: { address: 'absent for a script without an address', amount: 'in coins', isChange: '' },
  Input: {
    txId: 'the transaction that is spent',
    index: 'its output',
    amount: 'in coins; absent for legacy inputs',
  },
  Solana: {
    instructions: '',
    transfers: 'transfers by the System and Token programs; absent if there are none',
    complete:
      'whether all instructions could be read. If not, the last entry of `transfers` stands for the rest, and a rule that reads it cannot be evaluated',
  },
  Instruction: {
    program: 'the program that is called',
    name: 'such as `system.transfer`, if it is known',
    accounts: '',
    data: 'hex',
  },
  TypedData: {
    primaryType: 'such as `Permit`',
    domain: 'the signed fields of the domain: `tx.typedData.domain.verifyingContract`',
    message: 'the signed fields of the message. Addresses compare as addresses, integers are decimals',
    ...EFFECTS,
  },
  Configuration: {
    ...CALLER,
    type: '`UNMANAGED_WALLET`, `ADD_USER`, …; Fireblocks adds values',
    extraInfo:
      'depends on the type: `subType`, `walletName`, `address`, …. `apiKey` is left out. Fields named `address`, `addresses` or `…Address` compare as addresses',
  },
};
