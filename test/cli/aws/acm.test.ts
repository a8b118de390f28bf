// Tests whether a certificate is valid for a host name.
import t from 'tap';
import { isValidFor } from '../../../cli/aws/acm.js';

t.test('a wildcard in a certificate matches one label', (t) => {
  const isValid = (name: string, hostName: string): boolean => isValidFor({ names: [name] }, hostName);
  t.ok(isValid('callback.example.com', 'callback.example.com'));
  t.ok(isValid('*.example.com', 'callback.example.com'));
  t.notOk(isValid('*.example.com', 'a.callback.example.com'));
  t.notOk(isValid('*.example.com', 'example.com'));
  t.notOk(isValid('example.com', 'callback.example.com'));
  t.end();
});

t.test('a certificate is valid for each of its names', (t) => {
  const names = ['example.com', 'callback.example.com'];
  t.ok(isValidFor({ names }, 'example.com'));
  t.ok(isValidFor({ names }, 'callback.example.com'));
  t.notOk(isValidFor({ names }, 'other.example.com'));
  t.notOk(isValidFor({ names: [] }, 'example.com'));
  t.end();
});
