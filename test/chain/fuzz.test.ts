// A short run of the fuzzer of the decoders; `npm run fuzz -- --decoders 200000` is the long one.
import t from 'tap';
import { fuzzDecoders } from '../../bench/fuzz/decoders/run.js';

const INPUTS = 2000;

for (const { title, sent, refused, verified, violations } of fuzzDecoders({ count: INPUTS, seed: 1 })) {
  t.test(`neither fails nor verifies what other encoders do not confirm: ${title}`, (t) => {
    t.ok(sent > 0 && refused + verified <= sent);
    t.strictSame(violations.slice(0, 3), []);
    t.end();
  });
}
