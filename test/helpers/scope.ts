// What a helper needs of whoever asks it: to be told when the end has come. A test of tap is one.
export interface Scope {
  teardown(close: () => unknown): void;
}
