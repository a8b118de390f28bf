// What is known about each variable during a search, and what a comparison can still be.
import {
  type Bits,
  bitsWhere,
  fullBits,
  hasBit,
  intersection,
  intersects,
  isEmpty,
  isSingle,
  isWithin,
  membersOf,
  setBit,
} from './bits.js';
import { ANY, type Atom, ERROR, FALSE, TRUE, type Value, type Wanted } from './condition.js';
import type { Variables } from './variables.js';

/** More combinations of values are not looked at one by one. */
const MAX_COMBINATIONS = 4000;

/** The values for which an outcome is possible, by outcome. */
type Masks = Readonly<Record<typeof TRUE | typeof FALSE | typeof ERROR, Bits>>;

/** What is the same in all searches about one kind of rules. */
export class Problem {
  readonly variables: Variables;
  readonly #values: (readonly Value[])[] = [];
  readonly #masks = new Map<Atom, Masks>();
  readonly #rows = new Map<Atom, Map<string, Masks>>();

  constructor(variables: Variables) {
    this.variables = variables;
  }

  valuesOf(variable: number): readonly Value[] {
    const known = this.#values[variable];
    if (known !== undefined) return known;
    const description = this.variables.all[variable];
    const values = description === undefined ? [] : this.variables.valuesOf(description);
    this.#values[variable] = values;
    return values;
  }

  /** For a comparison that reads one variable. */
  masksOf(atom: Atom): Masks {
    const known = this.#masks.get(atom);
    if (known !== undefined) return known;
    const masks = this.#computeMasks(atom, atom.reads[0] ?? 0, () => undefined);
    this.#masks.set(atom, masks);
    return masks;
  }

  /**
   * For a comparison that reads several: the values of `last` for which an outcome is possible.
   * @param fixed the others, with the places of their values
   */
  rowOf(atom: Atom, last: number, fixed: ReadonlyMap<number, number>): Masks {
    const rows = this.#rows.get(atom) ?? new Map<string, Masks>();
    this.#rows.set(atom, rows);
    const key = `${last}:${[...fixed.values()].join()}`;
    const known = rows.get(key);
    if (known !== undefined) return known;
    const masks = this.#computeMasks(atom, last, (id) => this.valuesOf(id)[fixed.get(id) ?? 0]);
    rows.set(key, masks);
    return masks;
  }

  #computeMasks(atom: Atom, variable: number, others: (id: number) => Value): Masks {
    const values = this.valuesOf(variable);
    const empty = (): Bits => new Uint32Array((values.length + 31) >>> 5);
    const masks = { [TRUE]: empty(), [FALSE]: empty(), [ERROR]: empty() };
    for (const [place, value] of values.entries()) {
      const outcomes = atom.outcomes((id) => (id === variable ? value : others(id)));
      for (const outcome of OUTCOMES) {
        if ((outcomes & outcome) !== 0) setBit(masks[outcome], place);
      }
    }
    return masks;
  }
}

const OUTCOMES = [TRUE, FALSE, ERROR] as const;

/** The values that each variable can still have. */
export class State {
  readonly problem: Problem;
  readonly #domains: Bits[];
  #isChanged = false;

  constructor(problem: Problem, domains: Bits[] = []) {
    this.problem = problem;
    this.#domains = domains;
  }

  copy(): State {
    return new State(this.problem, [...this.#domains]);
  }

  resetChange(): void {
    this.#isChanged = false;
  }

  /** Whether a value was ruled out since the last reset. */
  isChanged(): boolean {
    return this.#isChanged;
  }

  domainOf(variable: number): Bits {
    return (this.#domains[variable] ??= fullBits(this.problem.valuesOf(variable).length));
  }

  membersOf(variable: number): readonly number[] {
    return membersOf(this.domainOf(variable));
  }

  isSingle(variable: number): boolean {
    return isSingle(this.domainOf(variable));
  }

  /** The values that a variable can still have. */
  valuesOf(variable: number): readonly Value[] {
    const values = this.problem.valuesOf(variable);
    return this.membersOf(variable).map((place) => values[place]);
  }

  /** Rules out all other values. @returns whether any is left */
  restrict(variable: number, allowed: Bits): boolean {
    const domain = this.domainOf(variable);
    if (isWithin(domain, allowed)) return true;
    this.#domains[variable] = intersection(domain, allowed);
    this.#isChanged = true;
    return !isEmpty(this.#domains[variable]);
  }

  assign(variable: number, place: number): boolean {
    return this.restrict(
      variable,
      bitsWhere(this.problem.valuesOf(variable).length, (each) => each === place),
    );
  }

  keep(variable: number, isAllowed: (value: Value) => boolean): boolean {
    const values = this.problem.valuesOf(variable);
    return this.restrict(
      variable,
      bitsWhere(values.length, (place) => isAllowed(values[place])),
    );
  }

  /** The outcomes that a comparison can still have. */
  possible(atom: Atom): number {
    if (atom.reads.length === 0) return atom.outcomes(() => undefined);
    if (atom.reads.length === 1) {
      return this.#possibleIn(this.problem.masksOf(atom), this.domainOf(atom.reads[0] ?? 0));
    }
    let found = 0;
    const isComplete = this.#forEachRow(atom, (masks, last) => {
      found |= this.#possibleIn(masks, this.domainOf(last));
      return found !== ANY;
    });
    return isComplete ? found : ANY;
  }

  #possibleIn(masks: Masks, domain: Bits): number {
    let found = 0;
    for (const outcome of OUTCOMES) {
      const mask = masks[outcome];
      if (intersects(mask, domain)) found |= outcome;
    }
    return found;
  }

  /** Rules out the values with which a comparison can't have an outcome. @returns whether any is left */
  narrow(atom: Atom, wanted: Wanted): boolean {
    if (atom.reads.length === 0) return (atom.outcomes(() => undefined) & wanted) !== 0;
    if (atom.reads.length === 1) {
      const mask = this.problem.masksOf(atom)[wanted];
      return this.restrict(atom.reads[0] ?? 0, mask);
    }
    const supported = new Map(
      atom.reads.map((id) => [id, new Uint32Array(this.domainOf(id).length)] as const),
    );
    const isComplete = this.#forEachRow(atom, (masks, last, fixed) => {
      const mask = masks[wanted];
      if (!intersects(mask, this.domainOf(last))) return true;
      const lastSupported = supported.get(last);
      lastSupported?.forEach((word, index) => (lastSupported[index] = word | (mask[index] ?? 0)));
      for (const [id, place] of fixed) setBit(supported.get(id) ?? mask, place);
      return true;
    });
    return !isComplete || atom.reads.every((id) => this.restrict(id, supported.get(id) ?? this.domainOf(id)));
  }

  /**
   * Calls back for each combination of values of all variables but the one with most values.
   * @param visit returns whether to go on
   * @returns whether there were not too many combinations
   */
  #forEachRow(
    atom: Atom,
    visit: (masks: Masks, last: number, fixed: ReadonlyMap<number, number>) => boolean,
  ): boolean {
    const sized = atom.reads.map((id) => ({ id, members: this.membersOf(id) }));
    // The same variable each time, so that rows are found again.
    const last = atom.reads.reduce((one, two) =>
      this.problem.valuesOf(two).length > this.problem.valuesOf(one).length ? two : one,
    );
    const others = sized.filter(({ id }) => id !== last);
    if (others.reduce((product, { members }) => product * members.length, 1) > MAX_COMBINATIONS) return false;
    const fixed = new Map<number, number>();
    const visitFrom = (depth: number): boolean => {
      const other = others[depth];
      if (other === undefined) return visit(this.problem.rowOf(atom, last, fixed), last, fixed);
      return other.members.every((place) => {
        fixed.set(other.id, place);
        return visitFrom(depth + 1);
      });
    };
    visitFrom(0);
    return true;
  }

  /** The variable that a comparison depends on with the fewest values left, of those that have several. */
  mostCertain({ reads }: Atom): number | undefined {
    const open = reads.filter((id) => !this.isSingle(id));
    const count = (id: number): number => this.membersOf(id).length;
    return open.length === 0 ? undefined : open.reduce((one, two) => (count(two) < count(one) ? two : one));
  }

  has(variable: number, place: number): boolean {
    return hasBit(this.domainOf(variable), place);
  }
}
