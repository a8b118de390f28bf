import t from 'tap';
import {
  adviceLines,
  columns,
  count,
  labelled,
  paintAction,
  painter,
  widthOf,
  wrap,
} from '../../cli/terminal.js';

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

t.test('breaks prose at the width of a terminal, and not in a pipe', (t) => {
  const write = (): boolean => true;
  t.equal(widthOf({ isTTY: true, columns: 40, write }), 40);
  t.strictSame(wrap('one two three', 8), ['one two', 'three']);
  t.strictSame(wrap('one two three', widthOf({ write })), ['one two three']);
  t.strictSame(labelled('Next', ['one two', 'three'], 6), ['Next  one two', '      three']);
  t.end();
});

t.test('gives each command a line of its own, and does not break it', (t) => {
  const command = 'aws logs delete-log-group --log-group-name x --region eu-west-1';
  t.strictSame(adviceLines(`read why, and delete it: ${command}\nor deploy: npm run deploy -- -e dev`, 20), [
    'read why, and delete',
    'it:',
    command,
    'or deploy:',
    'npm run deploy -- -e dev',
  ]);
  t.strictSame(adviceLines(command, Infinity), [command]);
  t.strictSame(adviceLines('see "AWS" in DEPLOYMENT.md', 80), ['see "AWS" in DEPLOYMENT.md']);
  t.end();
});
