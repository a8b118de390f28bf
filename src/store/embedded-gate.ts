// Keeps processes from opening an embedded store while another one writes. A process that opens it sets the number of the
// last transaction, for all processes, to the one that it read a moment before, so a commit in between would be undone:
// LMDB's bug ITS#9496, which the package lmdb still has.
import { randomUUID } from 'node:crypto';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf } from '../protocol/error.js';

/** The directory with a file for each process that is opening the store. */
const OPENERS = 'openers';
/** The directory with a file for each process that has opened it: whether it writes. */
const WRITERS = 'writers';
const WRITES = Buffer.from('1');
const IDLE = Buffer.from('0');
const POLL_MS = 5;
/** How long to wait for writes to end before the store can't be opened, in ms. */
const OPEN_TIMEOUT_MS = 10_000;
/**
 * How long a process may say nothing until it is taken for dead, in ms: one in another container, which can't be seen, for
 * longer than a write may take; one whose id may be that of another process by now, much longer.
 */
const SILENCE_MS = { elsewhere: 5000, here: 60_000 };

/** What process ids belong to. */
const HERE = namespace();
const ME = `${HERE}.${process.pid}`;

/** Lets a process write while nobody opens the store. */
export class WriteGate {
  readonly #openers: string;
  readonly #path: string;
  readonly #file: number;
  #writes = 0;

  /** @param directory of the store */
  constructor(directory: string) {
    this.#openers = make(directory, OPENERS);
    this.#path = newPath(make(directory, WRITERS));
    this.#file = openSync(this.#path, 'wx', 0o600);
    this.#say(IDLE);
  }

  /** Starts a write, at once or as soon as nobody opens the store any more. */
  async run<Result>(write: () => Promise<Result>): Promise<Result> {
    while (!this.#enter()) await sleep(POLL_MS);
    try {
      return await write();
    } finally {
      this.#leave();
    }
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#path, { force: true });
  }

  /** First says that this process writes, and then looks: who opens the store does it the other way round. */
  #enter(): boolean {
    this.#writes++;
    this.#say(WRITES);
    if (!someoneOpens(this.#openers)) return true;
    this.#leave();
    return false;
  }

  #leave(): void {
    this.#writes--;
    if (this.#writes === 0) this.#say(IDLE);
  }

  /** Also refreshes the file's time. */
  #say(state: Buffer): void {
    writeSync(this.#file, state, 0, state.length, 0);
  }
}

/**
 * Opens a store while no process writes to it. Several processes may open it at once.
 * @param open must not return before it is open
 * @throws {Error} if others write for too long
 */
export async function whileNobodyWrites<Result>(directory: string, open: () => Result): Promise<Result> {
  const writers = make(directory, WRITERS);
  const marker = newPath(make(directory, OPENERS));
  const deadline = performance.now() + OPEN_TIMEOUT_MS;
  writeFileSync(marker, '', { flag: 'wx', mode: 0o600 });
  try {
    while (someoneWrites(writers)) {
      if (performance.now() > deadline) throw new Error('other processes write to it all the time');
      await sleep(POLL_MS);
    }
    return open();
  } finally {
    rmSync(marker, { force: true });
  }
}

/** Removes what dead processes have left. */
function someoneOpens(openers: string): boolean {
  return readdirSync(openers).some((name) => {
    const path = join(openers, name);
    const alive = unlessGone(() => isAlive(name, path)) ?? false;
    if (!alive) rmSync(path, { force: true });
    return alive;
  });
}

function someoneWrites(writers: string): boolean {
  return readdirSync(writers).some((name) => {
    const path = join(writers, name);
    return unlessGone(() => readFileSync(path).equals(WRITES) && isAlive(name, path)) ?? false;
  });
}

/** @param name starts with that of the process @param file whose time shows when it was last heard of */
function isAlive(name: string, file: string): boolean {
  const [space, pid] = name.split('.');
  const silenceMs = Date.now() - statSync(file).mtimeMs;
  if (space !== HERE) return silenceMs < SILENCE_MS.elsewhere;
  return silenceMs < SILENCE_MS.here && isRunning(Number(pid));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) !== 'ESRCH';
  }
}

function newPath(directory: string): string {
  return join(directory, `${ME}.${randomUUID()}`);
}

function make(directory: string, name: string): string {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return path;
}

/** @returns undefined if the file is removed meanwhile */
function unlessGone<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** On Linux, each container has its own process ids. @returns has no dot */
function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replaceAll(/\D/g, '');
  } catch {
    return hostname().replaceAll('.', '-');
  }
}
