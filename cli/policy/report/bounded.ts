// Names and counts of things in a log that may be arbitrarily many.

/** Keeps the first names, and replaces all that come after them. */
export class BoundedNames {
  readonly #known = new Set<string>();
  readonly #max: number;
  readonly #other: string;

  constructor(max: number, other: string) {
    this.#max = max;
    this.#other = other;
  }

  of(name: string): string {
    if (this.#known.has(name)) return name;
    if (this.#known.size >= this.#max) return this.#other;
    this.#known.add(name);
    return name;
  }
}

const MAX_COUNTED = 1000;

/** Counts by name. */
export class BoundedCounts {
  readonly #counts = new Map<string, number>();
  readonly #names = new BoundedNames(MAX_COUNTED, '(others)');

  add(name: string): void {
    const counted = this.#names.of(name);
    this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
  }

  /** The most frequent first. */
  get entries(): readonly (readonly [name: string, count: number])[] {
    return [...this.#counts].sort(([, a], [, b]) => b - a);
  }
}
