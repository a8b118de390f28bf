// The policy's tables, as rules see them under `tables`: `tx.amount <= tables.maxPerTransaction[tx.asset]`.
import { type Decimal, parseAmount, parseDecimal } from '../../protocol/decimal.js';
import { FactError } from '../facts/fact.js';

/** Values by key, by the name of their table. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** A value, which compares as a decimal with decimals and as a string with strings. */
export class TableValue {
  readonly text: string;
  /** Name of its table. */
  readonly table: string;
  readonly #decimal: Decimal | undefined;

  constructor(table: string, text: string) {
    this.text = text;
    this.table = table;
    this.#decimal = parseDecimal(text) ?? parseAmount(text);
  }

  /** @throws {FactError} if it is no decimal */
  get decimal(): Decimal {
    if (this.#decimal === undefined) throw new FactError(`a value of tables.${this.table} is not a decimal`);
    return this.#decimal;
  }

  toJSON(): string {
    return this.text;
  }
}

/** All tables in a policy, keyed by name. */
export class TablesObject {
  readonly [name: string]: ReadonlyMap<string, TableValue>;

  constructor(tables: Tables) {
    for (const [name, values] of tables) {
      const table = new Map([...values].map(([key, text]) => [key, new TableValue(name, text)]));
      Object.assign(this, { [name]: table });
    }
  }
}
