// Opens the store for the service: the table, this process's journal, the sealing of heads, and the watch for losses.
import { hostname } from 'node:os';
import { createJournal } from '../store/create-journal.js';
import { fileHeadStore, headsFile } from '../store/file-heads.js';
import type { HeadStore } from '../store/heads.js';
import { LossWatch } from '../store/loss.js';
import { memoryHeadStore } from '../store/memory-heads.js';
import { openStore, type Store, type StoreConfig } from '../store/open.js';
import { startSealing } from '../store/sealing.js';
import { DecisionMemory, type MemoryOptions } from './decide.js';
import { Keeper } from './keeper.js';

export interface OpenOptions extends Pick<MemoryOptions, 'policy' | 'emergency' | 'decideBy' | 'log'> {
  readonly config: StoreConfig;
  /** Of the console, such as `https://callback.internal:8443`; `undefined`: no decision of a person counts. */
  readonly consoleOrigin?: string | undefined;
  /** Of the service. */
  readonly version: string;
  /** Whether heads are sealed by a timer; without it, `settle` seals them. @default true */
  readonly sealsOnTimer?: boolean;
}

export interface OpenMemory {
  /** For those who read it beside the memory. */
  readonly store: Store;
  readonly memory: DecisionMemory;
  /** Whether the store has lost something, so that every answer is RETRY. */
  readonly loss: { readonly isLost: boolean };
  /** Begins to keep a list that the policy takes from elsewhere. */
  readonly keepList: (sha256: string, bytes: Buffer) => void;
  /** Looks whether the store has lost anything: until then, it counts as lost. Never fails. */
  ready(): Promise<void>;
  /** Waits until nothing is being written or kept. */
  idle(): Promise<void>;
  /** The same, and seals heads if that is due: for a process that may stand still now. */
  settle(): Promise<void>;
  /** Seals what was written last, and closes the store. */
  close(): Promise<void>;
}

const SECONDS_PER_DAY = 86_400;

/** @throws {StoreError} if a directory can't be opened; a table that can't be reached costs RETRY until it can */
export async function openMemory({
  config,
  version,
  consoleOrigin,
  sealsOnTimer = true,
  ...options
}: OpenOptions): Promise<OpenMemory> {
  const { log } = options;
  const { table, blobs } = await openStore(config);
  const headStore = await openHeads(config);
  const at = new Date().toISOString();
  const journal = createJournal({
    ...{ table, blobs, retentionSeconds: config.retentionDays * SECONDS_PER_DAY },
    start: { type: 'start', at, version, task: `${hostname()} ${process.pid}` },
  });
  const sealing = startSealing({ table, headStore, journal, log, onTimer: sealsOnTimer });
  const { retentionDays } = config;
  const keeper = new Keeper(blobs, retentionDays);
  /** So that a process that has decided nothing yet has a head to miss. If it fails, the first decision does it. */
  const begin = (): Promise<void> => journal.begin().catch(() => undefined);
  const restart = (): void => {
    keeper.forget();
    journal.restart();
    void begin();
  };
  const idle = async (): Promise<void> => {
    await Promise.all([journal.idle(), keeper.idle()]);
  };
  const loss = new LossWatch({
    ...{ table, headStore, log },
    journal: {
      get head() {
        return journal.head;
      },
      restart,
    },
  });
  return {
    store: { table, blobs },
    memory: new DecisionMemory({
      ...options,
      table,
      journal,
      keeper,
      loss,
      origin: consoleOrigin,
      retentionDays,
    }),
    loss,
    keepList: (sha256, bytes) => keeper.keepList(sha256, bytes),
    async ready() {
      await loss.check();
      // Nothing waits for it.
      if (!loss.isLost) void begin();
    },
    idle,
    async settle() {
      await idle();
      await sealing.sealDue();
    },
    async close() {
      loss.stop();
      await journal.idle();
      await sealing.stop();
      await table.close();
    },
  };
}

/** The second place, where heads are sealed. */
async function openHeads(config: StoreConfig): Promise<HeadStore> {
  if ('path' in config) return fileHeadStore(headsFile(config.path));
  if (config.archive === undefined) return memoryHeadStore();
  const { s3HeadStore } = await import('../store/s3-heads.js');
  return s3HeadStore(config.archive);
}
