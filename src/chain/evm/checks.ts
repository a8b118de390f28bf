// Compares decoded EVM transactions with what the request displays.
import { parseAmount } from '../../protocol/decimal.js';
import { canonicalAddress, sameAddress } from '../address/canonical.js';
import type { Asset } from '../catalog.js';
import { contradicts, type Finding, type Findings, HOLDS, shorten, unknown, worst } from '../finding.js';
import { parseHex, toHex } from '../hex.js';
import type { Signing } from '../signing.js';
import { showAmount, toAmount, toUnits } from '../units.js';
import type { EvmTransaction } from './transaction.js';

/** What is displayed, of an asset that is known. */
type Displayed = Signing & { readonly asset: Asset };

/** More amounts for one address are not compared: a request has no more transactions. */
const MAX_AMOUNTS = 16;

/** Decimal places of the coins of EVM chains: they count in wei. */
const COIN_DECIMALS = 18;

/** @returns the decimal places of the coin that the chain of the asset pays with */
export function coinDecimals(asset: Asset | undefined): number {
  return asset === undefined || asset.contract !== undefined ? COIN_DECIMALS : asset.decimals;
}

/**
 * @param transactions all that can be read of what the request signs; normally one
 * @param unread why there is more to it
 */
export function checkTransactions(
  transactions: readonly EvmTransaction[],
  displayed: Displayed,
  unread?: string,
): Findings {
  const addresses = displayed.operation === 'TRANSFER' ? displayedRecipients(displayed) : new Set<string>();
  const rest = unread === undefined ? HOLDS : unknown(unread);
  const amounts = displayedAmounts(displayed);
  const once = checkNumber(transactions, displayed);
  const each = (check: (transaction: EvmTransaction) => Finding, ...others: Finding[]): Finding =>
    worst([...transactions.map(check), ...others, rest]);
  return {
    chain: each((transaction) => checkChain(transaction, displayed.asset)),
    recipient: each((transaction) => checkRecipient(transaction, displayed, addresses)),
    amount: each((transaction) => checkAmount(transaction, displayed, amounts), once),
    fee: each((transaction) => checkFee(transaction, displayed), once),
  };
}

/** Each of several may agree, but together they pay and spend more than is displayed. */
function checkNumber(
  transactions: readonly EvmTransaction[],
  { operation, destinations, asset }: Displayed,
): Finding {
  if (transactions.length <= 1) return HOLDS;
  // Of those with one nonce, only one can be executed.
  const count = new Set(transactions.map(({ nonce }) => nonce)).size;
  if (operation === 'TRANSFER' && count > Math.max(destinations.length, 1)) {
    return contradicts(`rawTx pays ${count} times, but the request displays one transfer of ${asset.id}`);
  }
  return unknown(`${transactions.length} transactions are signed`);
}

function checkChain({ chainId }: EvmTransaction, asset: Asset): Finding {
  if (chainId === undefined)
    return unknown('rawTx has no chain id (before EIP-155), so every chain accepts it');
  const chain = `evm/${chainId}`;
  return chain === asset.chain
    ? HOLDS
    : contradicts(`rawTx is for ${chain}, but ${asset.id} is on ${asset.chain}`);
}

function checkRecipient(
  transaction: EvmTransaction,
  displayed: Displayed,
  addresses: ReadonlySet<string> | Finding,
): Finding {
  if (displayed.operation === 'CONTRACT_CALL') {
    const finding = checkCall(transaction, displayed);
    return finding.outcome === 'holds' ? checkDelegation(transaction) : finding;
  }
  if (displayed.operation !== 'TRANSFER') return unknown(`not checked for ${displayed.operation}`);
  const payment = paymentOf(transaction, displayed.asset);
  if ('outcome' in payment) return payment;
  if ('outcome' in addresses) return addresses;
  if (addresses.has(payment.to)) return checkDelegation(transaction);
  const some = [...addresses].slice(0, 3);
  return contradicts(`rawTx pays ${payment.to}, but the request displays ${some.join(', ')}`);
}

/** EIP-7702: an account may come under the control of a contract, which no request displays. */
function checkDelegation({ delegates: [delegate] }: EvmTransaction): Finding {
  return delegate === undefined ? HOLDS : unknown(`the transaction also delegates to ${delegate}`);
}

/** The addresses that a transfer displays, in canonical form; or why there is nothing to compare with. */
function displayedRecipients({
  destinations,
  destAddress,
  asset,
  entries,
}: Displayed): ReadonlySet<string> | Finding {
  if (destinations.length > 1 && entries.length === 1) {
    return contradicts(
      `rawTx pays one address, but the request displays ${destinations.length} destinations`,
    );
  }
  const addresses =
    destinations.length > 1
      ? destinations.map(({ address }) => address)
      : [destinations[0]?.address ?? recipientOnly(destAddress, asset)];
  const canonical = new Set<string>();
  for (const address of addresses) {
    if (address === undefined) return unknown('a destination is displayed without an address');
    const form = canonicalAddress(address, asset.chain);
    if (!isEvmAddress(form)) return unknown(`${address} can’t be compared with addresses of ${asset.chain}`);
    canonical.add(form);
  }
  return canonical;
}

/** @param address in canonical form */
export function isEvmAddress(address: string): boolean {
  return /^0x[0-9a-f]{40}$/.test(address);
}

/** For a token, `destAddress` may be the token's contract instead of the recipient. */
function recipientOnly(destAddress: string | undefined, { chain, contract }: Asset): string | undefined {
  const isContract =
    destAddress !== undefined && contract !== undefined && sameAddress(destAddress, contract, chain);
  return isContract ? undefined : destAddress;
}

interface Payment {
  readonly to: string;
  /** In the smallest units of the asset. */
  readonly units: bigint;
}

/** `transfer(address,uint256)` of ERC-20: the selector and two words. */
const TRANSFER_SELECTOR = 'a9059cbb';
const TRANSFER_LENGTH = 4 + 2 * 32;
/** A word holds an address in its last 20 bytes; the others are zero. */
const ADDRESS_PADDING = '0'.repeat(24);

/** Whom a transfer of this asset pays and how much; or how the transaction is something else. */
function paymentOf({ to, value, data }: EvmTransaction, asset: Asset): Payment | Finding {
  const { id, contract } = asset;
  if (to === undefined)
    return contradicts(`rawTx creates a contract, but the request displays a transfer of ${id}`);
  const hex = data.toString('hex', 0, TRANSFER_LENGTH);
  if (contract === undefined) {
    if (data.length === 0) return { to, units: value };
    return contradicts(`rawTx has call data (0x${hex.slice(0, 8)}…), but a transfer of ${id} has none`);
  }
  if (to !== contract) return contradicts(`rawTx calls ${to}, but the contract of ${id} is ${contract}`);
  if (value !== 0n)
    return contradicts(`rawTx pays ${value} wei to the contract of ${id}, but a transfer pays 0`);
  if (!hex.startsWith(TRANSFER_SELECTOR)) {
    const method = hex === '' ? 'no method' : `method 0x${hex.slice(0, 8)}`;
    return contradicts(`rawTx calls ${method} of ${id}, but a transfer is 0x${TRANSFER_SELECTOR} (transfer)`);
  }
  if (data.length !== TRANSFER_LENGTH) {
    return contradicts(
      `rawTx has ${data.length} bytes of call data, but a transfer of ${id} has ${TRANSFER_LENGTH}`,
    );
  }
  if (hex.slice(8, 32) !== ADDRESS_PADDING) {
    return contradicts(
      `the recipient in rawTx is 0x${hex.slice(8, 72)}, but the first 12 bytes of an address are 0`,
    );
  }
  return { to: `0x${hex.slice(32, 72)}`, units: BigInt(`0x${hex.slice(72)}`) };
}

function checkCall({ to, data }: EvmTransaction, displayed: Displayed): Finding {
  const { asset } = displayed;
  const finding = checkCallData(data, displayed.extraParameters['contractCallData']);
  if (finding.outcome !== 'holds') return finding;
  const address = displayedContract(displayed);
  if (address === undefined) return unknown('the request displays no address of a contract');
  const contract = canonicalAddress(address, asset.chain);
  if (to === undefined) return contradicts(`rawTx creates a contract, but the request displays ${contract}`);
  if (!isEvmAddress(contract))
    return unknown(`${address} can’t be compared with addresses of ${asset.chain}`);
  return to === contract ? HOLDS : contradicts(`rawTx calls ${to}, but the request displays ${contract}`);
}

/** The address that a request for a contract call displays, as sent. */
export function displayedContract({ destAddress, destinations }: Signing): string | undefined {
  return destAddress ?? (destinations.length === 1 ? destinations[0]?.address : undefined);
}

/** Two of them stay within the length of a reason. */
const MAX_DATA = 150;

/** @param displayed `contractCallData`, which is compared where it is there */
function checkCallData(data: Buffer, displayed: unknown): Finding {
  if (displayed === undefined || displayed === null || displayed === '') return HOLDS;
  if (typeof displayed !== 'string') return unknown('contractCallData is not a string');
  if (parseHex(displayed)?.equals(data) === true) return HOLDS;
  return contradicts(
    `rawTx has call data ${shorten(toHex(data), MAX_DATA)}, but contractCallData is ${shorten(displayed, MAX_DATA)}`,
  );
}

function checkAmount(transaction: EvmTransaction, displayed: Displayed, amountsOf: AmountsOf): Finding {
  if (displayed.operation === 'CONTRACT_CALL') return checkCallValue(transaction, displayed);
  if (displayed.operation !== 'TRANSFER') return unknown(`not checked for ${displayed.operation}`);
  const { asset, destinations, fee } = displayed;
  const payment = paymentOf(transaction, asset);
  if ('outcome' in payment) return unknown('rawTx is no transfer of the asset');
  const amounts = amountsOf(payment.to);
  if (amounts.length === 0) return unknown(`the request displays no amount of ${asset.id}`);
  const isOne = destinations.length <= 1;
  const agrees = isOne ? HOLDS : unknown('rawTx pays once, but several destinations are displayed');
  if (amounts.includes(payment.units)) return agrees;
  if (asset.contract === undefined) {
    const feeUnits = fee === undefined ? undefined : toUnits(fee, coinDecimals(asset));
    const deducted = amounts.map((amount) => amount - payment.units);
    if (deducted.some((units) => units === feeUnits)) return agrees;
    const mostGas = transaction.gasLimit * transaction.gasPrice;
    if (feeUnits === undefined && deducted.some((units) => units > 0n && units <= mostGas)) {
      return unknown(
        'rawTx pays less than is displayed, and the fee, which may be the difference, is not known',
      );
    }
  }
  return contradicts(
    `rawTx pays ${showAmount(payment.units, asset)}, but the request displays ${amounts.map((units) => showAmount(units, asset)).join(' or ')}`,
  );
}

type AmountsOf = (address: string) => readonly bigint[];

/** @returns the amounts that are displayed for an address; none if one of them is not known */
function displayedAmounts({ destinations, asset, units, requestedUnits }: Displayed): AmountsOf {
  const [only] = destinations;
  if (destinations.length <= 1) {
    const amounts = [only?.units ?? [units, requestedUnits]].flat().filter((each) => each !== undefined);
    return () => amounts;
  }
  const byAddress = new Map<string, (bigint | undefined)[]>();
  for (const { address = '', units: own } of destinations) {
    const to = canonicalAddress(address, asset.chain);
    byAddress.set(to, [...(byAddress.get(to) ?? []).slice(0, MAX_AMOUNTS), own]);
  }
  return (address) => {
    const amounts = byAddress.get(address) ?? [];
    const known = amounts.filter((each) => each !== undefined);
    return known.length === amounts.length && known.length <= MAX_AMOUNTS ? known : [];
  };
}

/** The coins that go with a call are `amountStr`. */
function checkCallValue({ value }: EvmTransaction, { asset, units }: Displayed): Finding {
  if (units === undefined) return unknown(`the request displays no amount of ${asset.id}`);
  if (asset.contract === undefined) {
    if (value === units) return HOLDS;
    return contradicts(
      `rawTx pays ${showAmount(value, asset)}, but the request displays ${showAmount(units, asset)}`,
    );
  }
  if (units === 0n && value > 0n) {
    return contradicts(`rawTx pays ${value} wei, but the request displays ${showAmount(units, asset)}`);
  }
  return value === 0n && units === 0n ? HOLDS : unknown(`what a call does with ${asset.id} is in its data`);
}

/** Fireblocks' fee is an estimate, so a transaction may spend some multiple of it. */
function checkFee({ gasLimit, gasPrice }: EvmTransaction, { fee, asset, catalog }: Displayed): Finding {
  if (fee === undefined) return unknown('the request displays no fee');
  const shown = parseAmount(fee);
  if (shown === undefined) return unknown('the displayed fee is not a number');
  const { maxFeeFactor } = catalog.integrity;
  const most = toAmount(gasLimit * gasPrice, coinDecimals(asset));
  if (most.lte(shown.times(maxFeeFactor))) return HOLDS;
  // Somebody else may pay it.
  if (shown.isZero()) return unknown('the displayed fee is 0');
  return contradicts(
    `rawTx can spend ${most.toFixed()} on gas, but the request displays a fee of ${fee}, of which ${maxFeeFactor.toFixed()} times is the limit`,
  );
}
