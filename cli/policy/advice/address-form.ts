// Recognizes what was meant to be an address, and says what is wrong with it.
import { addressWarnings, isAddressOf } from '../../../src/chain/address/canonical.js';
import { familyOf } from '../../../src/chain/chain.js';

/** Forms that are unmistakably meant to be addresses, and the chains on which they are valid. */
const FORMS: readonly (readonly [form: RegExp, what: string, chains: readonly string[]])[] = [
  [/^(?:bc|tb|bcrt)1/i, 'Bitcoin', ['bitcoin', 'bitcoin/testnet']],
  [/^(?:ltc|tltc)1/i, 'Litecoin', ['litecoin', 'litecoin/testnet']],
  [/^(?:bitcoincash|bchtest):/i, 'Bitcoin Cash', ['bitcoincash', 'bitcoincash/testnet']],
  [/^[13][1-9A-HJ-NP-Za-km-z]{24,34}$/, 'Bitcoin', ['bitcoin', 'bitcoincash', 'litecoin', 'solana']],
  [/^r[1-9A-HJ-NP-Za-km-z]{23,36}$/, 'XRP', ['xrp', 'solana']],
  [/^T[1-9A-HJ-NP-Za-km-z]{31,35}$/, 'Tron', ['tron', 'solana']],
  [/^G[A-Z2-7]{52,58}$/, 'Stellar', ['stellar']],
  [/^cosmos1/, 'Cosmos', ['cosmos']],
  [/^(?:addr1|addr_test1)/, 'Cardano', ['cardano', 'cardano/testnet']],
  [/^(?:tz[1-4]|KT1)[1-9A-HJ-NP-Za-km-z]{30,36}$/, 'Tezos', ['tezos']],
];

/** Hex digits in the lengths of EVM addresses with a few too many or too few; 64 is a hash or an address of others. */
const NEARLY_EVM = /^0x[0-9a-z]{30,50}$/i;

/** Whether a string looks like an address of some chain. */
export function looksLikeAddress(text: string): boolean {
  const address = text.trim();
  return NEARLY_EVM.test(address) || FORMS.some(([form]) => form.test(address));
}

/**
 * @param chain where the address is used, if that is known
 * @returns what is wrong with an address; empty if nothing is, or if it is none
 */
export function addressProblems(text: string, chain?: string): readonly string[] {
  if (!looksLikeAddress(text)) return [];
  const problems = addressWarnings(text, chain);
  return problems.length > 0 ? problems : formProblems(text);
}

/** What is wrong with the form of an address whose chain is not known. */
export function formProblems(text: string): readonly string[] {
  const address = text.trim();
  if (NEARLY_EVM.test(address)) return evmProblems(address);
  const form = FORMS.find(([pattern]) => pattern.test(address));
  if (form === undefined) return [];
  const [, what, chains] = form;
  return chains.some((chain) => isAddressOf(address, chain) !== false)
    ? []
    : [`"${address}" is not a valid address of ${what}: its length or its checksum is wrong`];
}

function evmProblems(address: string): readonly string[] {
  const digits = address.slice(2);
  const wrong = /[^0-9a-f]/i.exec(digits)?.[0];
  if (wrong !== undefined) return [`"${address}" is no address: "${wrong}" is not a hex digit`];
  return digits.length === 40
    ? []
    : [`"${address}" has ${digits.length} hex digits after 0x, and an address of an EVM chain has 40`];
}

/** Whether an address can't be one of any of these chains. */
export function isOfOtherChain(text: string, chains: readonly string[]): boolean {
  return (
    looksLikeAddress(text) &&
    formProblems(text).length === 0 &&
    chains.length > 0 &&
    chains.every((chain) => isAddressOf(text, chain) === false && familyOf(chain) !== 'near')
  );
}
