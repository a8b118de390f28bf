import t from 'tap';
import { csvOf } from '../../../../cli/policy/report/csv.js';

t.test('writes no cell that a spreadsheet evaluates', (t) => {
  const cells = {
    '=1+1': "'=1+1",
    '@SUM(A1)': "'@SUM(A1)",
    '＝1': "'＝1",
    // Where semicolons separate cells, the second half would be a cell of its own.
    'x;=1': "x;'=1",
    'x\u001b[1A': 'x\\u{1b}[1A',
    'a,"b"': '"a,""b"""',
    'ETH-USD': 'ETH-USD',
  };
  for (const [text, expected] of Object.entries(cells)) t.equal(csvOf([[text]]), `${expected}\r\n`, text);
  t.end();
});
