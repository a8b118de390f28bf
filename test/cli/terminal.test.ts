import t from 'tap';
import { columns, count, paintAction, painter } from '../../cli/terminal.js';

t.test('colours output only on a terminal that supports colours', (t) => {
  const paintOn = (isTTY: boolean, hasColors: boolean) =>
    paintAction(painter({ isTTY, hasColors: () => hasColors, write: () => true }), 'APPROVE');
  t.equal(paintOn(true, true), '\u001b[32mAPPROVE\u001b[39m');
  t.equal(paintOn(true, false), 'APPROVE');
  t.equal(paintOn(false, true), 'APPROVE');
  t.equal(painter({ write: () => true })('red', 'failed'), 'failed');
  t.end();
});

t.test('pads all columns but the last', (t) => {
  t.strictSame(
    columns([
      ['a', 'long', 'x'],
      ['longer', 'b', 'last'],
    ]),
    ['a       long  x', 'longer  b     last'],
  );
  t.end();
});

t.test('uses the singular for one and the plural otherwise', (t) => {
  t.strictSame(
    [count(0, 'rule'), count(1, 'rule'), count(2, 'entry', 'entries')],
    ['0 rules', '1 rule', '2 entries'],
  );
  t.end();
});
