// The values that Fireblocks documents for facts; it adds some from time to time.
import { isChain } from '../../../src/chain/chain.js';
import { nearest } from '../../../src/policy/language/nearest.js';
import type { Policy } from '../../../src/policy/evaluate/rules.js';

const OPERATIONS = [
  ...['TRANSFER', 'CONTRACT_CALL', 'PROGRAM_CALL', 'TYPED_MESSAGE', 'RAW', 'MINT', 'BURN', 'ENABLE_ASSET'],
  ...['STAKE', 'UNSTAKE', 'WITHDRAW'],
];

/** The operation that a misspelled one stands for. */
export function knownOperation(written: string): string {
  return OPERATIONS.includes(written) ? written : (nearest(written, OPERATIONS) ?? written);
}

/** https://developers.fireblocks.com/reference/transaction-sources-destinations */
const PEER_TYPES = [
  ...['VAULT', 'EXCHANGE', 'UNMANAGED', 'INTERNAL_WALLET', 'EXTERNAL_WALLET', 'CONTRACT', 'FIAT_ACCOUNT'],
  ...['NETWORK_CONNECTION', 'ONE_TIME_ADDRESS', 'GAS_STATION', 'COMPOUND', 'OEC_PARTNER', 'END_USER_WALLET'],
  'UNKNOWN',
];

const ADDRESS_TYPES = ['WHITELISTED', 'ONE_TIME'];

const CHANGES = [
  ...['UNMANAGED_WALLET', 'EXCHANGE', 'FIAT_ACCOUNT', 'POLICY_APPROVAL', 'POLICY_CHANGE', 'ADD_USER'],
  ...['RE_ENROLL_DEVICE', 'ENABLE_ONE_TIME_ADDRESS', 'CHANGE_QUORUM_THRESHOLD', 'ADD_NETWORK_CONNECTION'],
  ...['SET_NETWORK_CONNECTION_ROUTING_POLICY', 'SET_NETWORK_ID_POLICY', 'UPDATE_APPROVAL_GROUP_MAPPING'],
  'USERS_GROUP_APPROVAL',
];

/** By the type of the object and the name of the fact, as the rule language knows them. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'Transaction.operation': OPERATIONS,
  'Transaction.sourceType': PEER_TYPES,
  'Transaction.destType': PEER_TYPES,
  'Transaction.destAddressType': ADDRESS_TYPES,
  'Destination.type': PEER_TYPES,
  'Destination.addressType': ADDRESS_TYPES,
  'Configuration.type': CHANGES,
};

/** Facts that are the id of an asset. */
const ASSETS = ['Transaction.asset', 'Transfer.asset', 'Approval.asset'];

export interface UnknownValue {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/**
 * @param fact such as `Transaction.operation` @param name as the rule writes it
 * @returns what is wrong with a value that the fact never has
 */
export function unknownValue(
  fact: string,
  name: string,
  value: string,
  policy: Policy,
): UnknownValue | undefined {
  if (value === '') return undefined;
  if (ASSETS.includes(fact)) return unknownAsset(value, policy, `${name} is never`);
  const known = KNOWN[fact];
  if (known !== undefined) {
    if (known.includes(value)) return undefined;
    const near = known.find((each) => value.toUpperCase().startsWith(`${each}_`)) ?? nearest(value, known);
    return {
      code: 'unknown-value',
      message: `${name} is never "${value}", as far as Fireblocks documents it, so this comparison decides nothing${didYouMean(near)}`,
      advice: near === undefined ? `write one of ${known.join(', ')}` : `write "${near}"`,
    };
  }
  return malformedValue(fact, name, value);
}

/** Facts whose values have a form. */
function malformedValue(fact: string, name: string, value: string): UnknownValue | undefined {
  const form = FORMS[fact];
  if (form === undefined || form.isValid(value)) return undefined;
  return {
    code: 'unknown-value',
    message: `${name} is never "${value}", so this comparison decides nothing: it is ${form.description}`,
    advice: form.advice(value),
  };
}

interface Form {
  readonly description: string;
  isValid(value: string): boolean;
  advice(value: string): string;
}

const FORMS: Readonly<Record<string, Form>> = {
  'Call.signature': {
    description: 'the name of the method and the types of its arguments, without names and spaces',
    isValid: (value) => /^\w+\((?!.*\s)(?!.*\b(?:uint|int)\b)[\w,()[\]]*\)$/.test(value),
    advice: (value) => `write "${canonicalSignature(value)}"`,
  },
  'Call.method': {
    description: 'the name alone',
    isValid: (value) => /^\w+$/.test(value),
    advice: (value) => `write tx.call.signature == "${canonicalSignature(value)}", or the name alone`,
  },
  'Call.selector': {
    description: '0x and eight hex digits in lower case',
    isValid: (value) => /^0x[0-9a-f]{8}$/.test(value),
    advice: (value) =>
      /^0x[0-9a-f]{8}$/i.test(value) ? `write "${value.toLowerCase()}"` : 'write it as in "0xa9059cbb"',
  },
  'Raw.chain': {
    description: 'the name of a chain, such as evm/1',
    isValid: isChain,
    advice: () => 'write a chain such as "evm/1" or "bitcoin"',
  },
};

/** `transfer(address to, uint amount)` as `transfer(address,uint256)`. */
function canonicalSignature(written: string): string {
  const [, name = written, parameters = ''] = /^(?:function\s+)?(\w+)\s*(?:\((.*)\))?/s.exec(written) ?? [];
  const types = parameters
    .split(',')
    .map((parameter) => parameter.trim().split(/\s+/)[0] ?? '')
    .map((type) => type.replace(/^(u?int)(?=$|\[)/, '$1256'));
  return `${name}(${types.join(',')})`;
}

/** @param subject begins the message, such as `tx.asset is never` */
export function unknownAsset(id: string, { catalog }: Policy, subject: string): UnknownValue | undefined {
  if (catalog.assets.has(id)) return undefined;
  const ids = [...catalog.assets.keys()];
  const near =
    ids.find((known) => known.toUpperCase() === id.toUpperCase()) ??
    ids.find((known) => known.startsWith(`${id.toUpperCase()}_`)) ??
    nearest(id, ids);
  const ofPolicy = `name it under assets: ${id}: { chain: evm/1, contract: "0x…", decimals: 18 }`;
  return {
    code: 'unknown-asset',
    message: `${subject} "${id}", as far as this policy knows: no such asset is built in or under assets, so what is signed can't be compared with what is displayed${didYouMean(near)}`,
    advice: near === undefined ? ofPolicy : `write ${near}, or ${ofPolicy}`,
  };
}

function didYouMean(near: string | undefined): string {
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
