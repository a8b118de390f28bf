// The catalog of a policy that says nothing about assets, contracts and integrity.
import { Decimal } from '../protocol/decimal.js';
import type { Catalog, IntegritySettings } from './catalog.js';
import { DEFAULT_ASSETS } from './default-assets.js';

export const DEFAULT_INTEGRITY: IntegritySettings = {
  payload: 'reject',
  recipient: 'reject',
  amount: 'reject',
  chain: 'reject',
  fee: 'reject',
  display: 'reject',
  rawTransaction: 'optional',
  maxFeeFactor: new Decimal(2),
};

export const DEFAULT_CATALOG: Catalog = {
  assets: new Map(DEFAULT_ASSETS.map((asset) => [asset.id, asset])),
  contracts: [],
  own: [],
  integrity: DEFAULT_INTEGRITY,
};
