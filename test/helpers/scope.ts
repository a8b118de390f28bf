// A scope is where a helper registers its clean-up. A tap test is a scope.
export interface Scope {
  teardown(close: () => unknown): void;
}
