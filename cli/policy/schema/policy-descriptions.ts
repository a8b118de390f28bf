// What editors show for the keys of a policy file.

const CHAIN = 'The chain, such as `evm/1` (EVM chains by their chain id), `bitcoin`, `solana` or `xrp`.';

/** What happens with a request by the result of one check. */
function check(agrees: string): string {
  return `${agrees} \`reject\` (default): a request that contradicts this is rejected before any rule. \`require\`: so is a signing request for which it can't be known. \`off\`: no check.`;
}

/** Keyed by path, as in `Additions`. */
export const POLICY_DESCRIPTIONS: Readonly<Record<string, string>> = {
  version: 'Version of the format: 1.',
  assets:
    'What your tokens are on their chains, by Fireblocks asset id. The native coins of the main chains, and USDC and USDT on Ethereum, are built in. `off` forgets a built-in asset.',
  'assets.*.chain': CHAIN,
  'assets.*.contract': 'Address of the contract or mint, for a token.',
  'assets.*.decimals': 'Number of decimals, from 0 to 36: 18 for ETH, 6 for USDC.',
  'assets.*.price': 'Price in US dollars, used only where the price in the request is missing or 0.',
  contracts: 'How the calls of contracts are read, by address.',
  'contracts.*.chain': CHAIN,
  'contracts.*.name': 'A name for people.',
  'contracts.*.abi':
    'The methods, such as `function swap(address tokenIn, uint256 amountIn)`. Calls of other methods stay unknown.',
  own: 'Addresses of the workspace that the change of a transaction may go to.',
  tables:
    'Values by key. Rules read them as `tables.maxPerTransaction[tx.asset]` or `tables.amounts.small`. A missing key is an error of the rule.',
  integrity: 'What happens if a request contradicts what it signs.',
  'integrity.payload': check('What is signed is the hash of the raw transaction or message.'),
  'integrity.recipient': check('The raw transaction pays the displayed destinations and nobody else.'),
  'integrity.amount': check('Each destination gets the displayed amount.'),
  'integrity.chain': check('The raw transaction is for the chain of the asset.'),
  'integrity.fee': check(
    'The most that can be spent on fees is at most `maxFeeFactor` times the displayed fee.',
  ),
  'integrity.display': check('The addresses that a request displays for one destination are the same.'),
  'integrity.rawTransaction':
    '`required`: a signing request without a raw transaction is rejected. Only if Fireblocks has turned raw transactions on for your workspace.',
  'integrity.maxFeeFactor': 'How many times the displayed fee may be spent: 2 by default, at least 1.',
  lists:
    'Named lists. `d in lists.payees` compares a destination with its tag, `d.address in lists.blocked` the address alone, `tx.sourceId in lists.treasury` a string.',
  'lists.*[].address': 'The address, as the chain writes it.',
  'lists.*[].tag':
    'The tag or memo that a destination must have. Without it, the entry is for destinations without a tag.',
  'lists.*[].asset': 'Fireblocks asset id, if the entry counts only for this asset.',
  'lists.*[].name': 'The name that `explain` and the log show.',
  'lists.*.from':
    'Where the list is, instead of in the policy: a file, relative to the policy, or `s3://bucket/key`. One address a line; `#` begins a comment.',
  'lists.*.sha256':
    'SHA-256 that the file must have. Needed for a list that an approving rule of a signed policy reads.',
  approvers: 'Those who may approve what rules hold, by a key for each.',
  'approvers.*.name': 'The name that people see.',
  'approvers.*.passkeys':
    'Public keys of their passkeys, each as the console’s page `/enrol` shows it. Without one, they can’t approve.',
  viewers: 'Those who may look at the console and decide nothing. The same form as approvers.',
  'viewers.*.name': 'The name that people see.',
  'viewers.*.passkeys': 'Public keys of their passkeys, each as the console’s page `/enrol` shows it.',
  holds:
    'Who decides about a request that a rule holds. Holds need a store, and a console: `CONSOLE_ORIGIN`.',
  'holds.*.of': 'Keys of approvers: those who are asked.',
  'holds.*.quorum': 'How many of them must approve. One who rejects is enough to reject.',
  'holds.*.expires': 'How long they have, from `1m` to `48h`: 50m by default.',
  'holds.*.onExpiry': 'The answer after that: `reject` (default) or `retry`.',
  'holds.*.notInitiator':
    'Approvers who may not approve what they initiated themselves, by the verified `tx.initiator`. Without a verified initiator, they may not approve at all.',
  retries: 'How the Co-signer of the workspace asks again after RETRY; `check` compares holds with it.',
  'retries.every': 'From `30s` to `1h`: 3m by default.',
  'retries.for': 'How long it goes on, from `1m` to `48h`: 60m by default.',
  limits:
    'Limits over time. Every approval of a transaction, by whichever rule, must fit into all of them. They need a store: `STORE_TABLE` or `STORE_PATH`. Rules read them as `limits.NAME.spent`, `.remaining` and `.max`.',
  'limits.*.when': 'Which transactions count and must fit. All, if it is left out.',
  'limits.*.amount': 'What a transaction adds, such as `tx.amountUsd`. 1, if it is left out.',
  'limits.*.per':
    'A counter for each combination of these facts, such as `[tx.sourceId, tx.asset]`. One for all, if it is left out.',
  'limits.*.window': 'A sliding window from `1m` to `400d`, such as `24h`.',
  'limits.*.calendar': 'The current `day`, `week` (from Monday) or `month` in `zone`, instead of a window.',
  'limits.*.zone': 'Time zone of the calendar, such as `Europe/Berlin` or `UTC`.',
  'limits.*.max':
    'The most that fits, or a table of it by the values of `per`: `{ "12 / USDC": 5000, default: 1000 }`.',
  'limits.*.over': 'The answer to what does not fit: `reject` (default) or `retry`.',
  initiators:
    'Public keys of those who prove with a signature in `extraParameters` that they initiated a transaction, by name. Rules read the name as `tx.initiator`.',
  'initiators.*.key':
    'Public key: PEM, or base64 of its SubjectPublicKeyInfo. Ed25519, ECDSA P-256, or RSA of at least 2048 bits.',
  rules: 'The rules, from top to bottom. The first that matches decides, so put rules that reject first.',
  'rules[].id': 'Unique name that appears in the log and in reports: up to 64 letters, digits and `_ . -`.',
  'rules[].for': '`transaction` (approval and signing) or `configuration` (changes to the workspace).',
  'rules[].when':
    'Expression that is true or false, such as `tx.operation == "TRANSFER" && tx.destinations.all(d, d in lists.payees)`. `"true"` always matches. Put it in quotes if it begins with `!` or `"`, or write it on the lines below `>`.',
  'rules[].action':
    '`approve`: the Co-signer approves or signs. `reject`: final, the transaction fails. `retry`: the Co-signer asks again, for an hour by default. `ignore`: another approver decides; not allowed at signing. `hold`: people decide, and `retry` is answered until they have.',
  'rules[].hold': 'With `hold`: the name of one of the holds.',
  'rules[].reason': 'Logged and, with `reject`, shown in the audit log of the workspace.',
  otherwise: 'The answer if no rule matches: `reject` (default), `retry` or `ignore`.',
  onError: 'The answer if a rule can’t be evaluated: `retry` (default) or `reject`.',
};
