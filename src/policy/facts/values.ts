// Arguments of calls and contents of typed messages, as rules read them.
import { AddressValue, type NamedValue, type Value } from '../../chain/facts.js';
import { Decimal } from '../../protocol/decimal.js';
import { Address } from './address.js';
import type { AddressContext } from './fact.js';

/** @param context of addresses whose chain is not known otherwise */
function toRuleValue(value: Value, context: AddressContext): unknown {
  if (value instanceof AddressValue) {
    return new Address(value.address, value.chain ?? context.chain, context.asset);
  }
  if (value instanceof Decimal || typeof value !== 'object') return value;
  if (isList(value)) return value.map((entry) => toRuleValue(entry, context));
  return toRecord(value, context);
}

export function toRecord(
  values: Readonly<Record<string, Value>>,
  context: AddressContext,
): Readonly<Record<string, unknown>> {
  const record = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(values)) record[name] = toRuleValue(value, context);
  return record;
}

/** Arguments by position, `args[0]`, and by name, `args.amount`. Loops and `size()` count each once. */
export function toArguments(args: readonly NamedValue[], context: AddressContext): object {
  const record = Object.create(null) as Record<string, unknown>;
  for (const [index, { name, value }] of args.entries()) {
    const converted = toRuleValue(value, context);
    record[index] = converted;
    if (name !== '') Object.defineProperty(record, name, { value: converted });
  }
  return record;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
