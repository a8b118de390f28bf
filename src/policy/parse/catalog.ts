// Reads from a policy file what requests do not say: assets, contracts, the workspace's addresses, checks and tables.
import type * as z from 'zod';
import { addressWarnings, canonicalAddress, isAddressOf } from '../../chain/address/canonical.js';
import type { Asset, Catalog, ContractDefinition, IntegritySettings } from '../../chain/catalog.js';
import { DEFAULT_CATALOG } from '../../chain/default-catalog.js';
import { Decimal } from '../../protocol/decimal.js';
import type { PolicyWarning } from '../evaluate/policy.js';
import type { ListEntry } from '../language/named-list.js';
import type { Tables } from '../language/table.js';
import { type Path, type PolicyDocument, toRecord } from './document.js';
import type { PolicyProblem } from './problem.js';
import {
  assetSchema,
  contractSchema,
  integritySchema,
  listEntrySchema,
  listReferenceSchema,
} from './schema.js';

/** Problems make the file unusable, warnings do not. What is found is added to them. */
export interface Found {
  readonly problems: PolicyProblem[];
  readonly warnings: FoundWarning[];
}

/** A warning with its code and advice, unless it is about an address. */
export type FoundWarning = PolicyProblem & Pick<PolicyWarning, 'code' | 'advice'>;

/** Parts that do not match the schema are left out, because the schema's own check reports them. */
export function readCatalog(document: PolicyDocument, found: Found): Catalog {
  const assets = readAssets(document, found);
  return {
    assets,
    contracts: readContracts(document, found),
    own: readOwn(document, found),
    integrity: readIntegrity(document),
  };
}

/** The policy's assets come first, so that a token is named as the policy names it. */
function readAssets(document: PolicyDocument, found: Found): ReadonlyMap<string, Asset> {
  const assets = new Map<string, Asset>();
  const entries = Object.entries(sectionOf(document, 'assets'));
  for (const [id, entry] of entries) {
    const data = dataOf(assetSchema, entry);
    if (data === undefined) continue;
    const { chain, contract, decimals, price } = data;
    if (contract !== undefined) checkAddress(document, ['assets', id, 'contract'], contract, chain, found);
    assets.set(id, {
      ...{ id, chain, decimals: Number(decimals) },
      ...(contract !== undefined && { contract: canonicalAddress(contract, chain) }),
      ...(price !== undefined && { price: new Decimal(price) }),
    });
  }
  for (const [id, asset] of DEFAULT_CATALOG.assets) {
    if (!entries.some(([written]) => written === id)) assets.set(id, asset);
  }
  return assets;
}

function readContracts(document: PolicyDocument, found: Found): readonly ContractDefinition[] {
  return Object.entries(sectionOf(document, 'contracts')).flatMap(([address, entry]) => {
    const data = dataOf(contractSchema, entry);
    if (data === undefined) return [];
    const { chain, name, abi } = data;
    checkAddress(document, ['contracts', address], address, chain, found);
    return [{ chain, address: canonicalAddress(address, chain), ...(name !== undefined && { name }), abi }];
  });
}

function readOwn(document: PolicyDocument, found: Found): readonly string[] {
  const own = toRecord(document.value)['own'];
  if (!Array.isArray(own)) return [];
  return own.flatMap((address: unknown, index) => {
    if (typeof address !== 'string') return [];
    warn(document, ['own', index], address, undefined, found);
    return [address];
  });
}

function readIntegrity(document: PolicyDocument): IntegritySettings {
  const { maxFeeFactor, ...settings } = dataOf(integritySchema, sectionOf(document, 'integrity')) ?? {};
  return {
    ...DEFAULT_CATALOG.integrity,
    ...settings,
    ...(maxFeeFactor !== undefined && { maxFeeFactor: new Decimal(maxFeeFactor) }),
  };
}

export type PolicyLists = ReadonlyMap<string, readonly ListEntry[]>;

/** @param assets say on which chain an entry's address is */
export function readLists(document: PolicyDocument, { assets }: Catalog, found: Found): PolicyLists {
  const lists = new Map<string, readonly ListEntry[]>();
  for (const [name, entries] of Object.entries(sectionOf(document, 'lists'))) {
    if (!isName(document, ['lists', name], 'list', found) || isElsewhere(entries)) continue;
    lists.set(
      name,
      (Array.isArray(entries) ? entries : []).flatMap((entry: unknown, index) => {
        const read = readListEntry(entry);
        if (read === undefined) return [];
        const chain = typeof read === 'string' ? undefined : assets.get(read.asset ?? '')?.chain;
        const path = ['lists', name, index, ...(typeof read === 'string' ? [] : ['address'])];
        const address = typeof read === 'string' ? read : read.address;
        // Other strings, such as ids, are compared as they are.
        if (typeof read !== 'string' || address.trim().length >= MIN_ADDRESS_LENGTH) {
          warn(document, path, address, chain, found);
        }
        return [read];
      }),
    );
  }
  return lists;
}

/** `sanctioned: { from: "s3://bucket/sdn.txt" }` */
export interface ListReference {
  /** The list's name in the policy. */
  readonly name: string;
  /** A file, or `s3://bucket/key`. */
  readonly from: string;
  /** What the content must be, if the policy says so: 64 digits in lower case. */
  readonly sha256: string | undefined;
  /** Where the policy names the list: a problem without a message. */
  readonly place: PolicyProblem;
}

/** The lists that the policy takes from elsewhere. Those that do not match the schema are left out. */
export function readReferences(document: PolicyDocument): readonly ListReference[] {
  return Object.entries(sectionOf(document, 'lists')).flatMap(([name, list]) => {
    const data = isElsewhere(list) ? dataOf(listReferenceSchema, list) : undefined;
    if (data === undefined) return [];
    const { from, sha256 } = data;
    return [{ name, from, sha256, place: document.problemAt(['lists', name], '') }];
  });
}

function isElsewhere(list: unknown): boolean {
  return typeof list === 'object' && list !== null && !Array.isArray(list);
}

/** Shorter strings are taken for ids. */
const MIN_ADDRESS_LENGTH = 20;

function readListEntry(entry: unknown): ListEntry | undefined {
  if (typeof entry === 'string') return entry;
  const { address, tag, asset, name } = dataOf(listEntrySchema, entry) ?? {};
  if (address === undefined) return undefined;
  return {
    address,
    ...(tag !== undefined && { tag }),
    ...(asset !== undefined && { asset }),
    ...(name !== undefined && { name }),
  };
}

export function readTables(document: PolicyDocument, found: Found): Tables {
  const tables = new Map<string, ReadonlyMap<string, string>>();
  for (const [name, table] of Object.entries(sectionOf(document, 'tables'))) {
    if (!isName(document, ['tables', name], 'table', found)) continue;
    const values = Object.entries(toRecord(table)).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    tables.set(name, new Map(values));
  }
  return tables;
}

/** Rules write these names as members, such as `lists.payees`. */
export function isName(document: PolicyDocument, path: Path, what: string, { problems }: Found): boolean {
  const name = String(path.at(-1));
  if (/^[A-Za-z]\w{0,63}$/.test(name) && !(name in Object.prototype)) return true;
  const message = `invalid ${what} name "${name}": use letters, digits and _`;
  problems.push(document.problemAtKey(path, message));
  return false;
}

/** @param path to the address, or to the entry whose key it is */
function checkAddress(
  document: PolicyDocument,
  path: Path,
  address: string,
  chain: string,
  found: Found,
): void {
  if (isAddressOf(address, chain) !== false) {
    warn(document, path, address, chain, found);
    return;
  }
  const message = `"${address}" is not an address of ${chain}`;
  found.problems.push(
    path[0] === 'contracts' ? document.problemAtKey(path, message) : document.problemAt(path, message),
  );
}

function warn(
  document: PolicyDocument,
  path: Path,
  address: string,
  chain: string | undefined,
  { warnings }: Found,
): void {
  for (const message of addressWarnings(address, chain)) {
    warnings.push(
      path[0] === 'contracts' ? document.problemAtKey(path, message) : document.problemAt(path, message),
    );
  }
}

function sectionOf(document: PolicyDocument, key: string): Readonly<Record<string, unknown>> {
  return toRecord(toRecord(document.value)[key]);
}

function dataOf<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> | undefined {
  const { data } = schema.safeParse(value);
  return data;
}
