import t from 'tap';
import { canonicalAddress } from '../../src/chain/address/canonical.js';
import { isChain } from '../../src/chain/chain.js';
import { DEFAULT_ASSETS } from '../../src/chain/default-assets.js';

t.test('default assets have unique ids, known chains and contracts in canonical form', (t) => {
  t.equal(new Set(DEFAULT_ASSETS.map(({ id }) => id)).size, DEFAULT_ASSETS.length);
  for (const { id, chain, contract } of DEFAULT_ASSETS) {
    t.ok(isChain(chain), id);
    if (contract !== undefined) t.equal(canonicalAddress(contract, chain), contract);
  }
  t.end();
});

t.test('default assets contain one native coin a chain, and of the tokens two stable coins', (t) => {
  const native = DEFAULT_ASSETS.filter(({ contract }) => contract === undefined);
  t.equal(new Set(native.map(({ chain }) => chain)).size, native.length);
  t.same(
    DEFAULT_ASSETS.filter(({ contract }) => contract !== undefined).map(({ id }) => id),
    ['USDC', 'USDT_ERC20'],
  );
  t.end();
});
