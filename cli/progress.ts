// Shows a list of tasks while they run: moving on a terminal, plain lines elsewhere, nothing for --json.
import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';

export interface Work {
  readonly title: string;
  readonly run: (report: (line: string) => void) => Promise<void>;
}

interface ProgressOptions {
  readonly json: boolean;
}

/** Runs them one after the other. The first that fails ends it. */
export async function runTasks(work: readonly Work[], { json }: ProgressOptions): Promise<void> {
  const tasks = work.map(({ title, run }): ListrTask => ({
    title,
    task: (_, task) =>
      run((line) => {
        task.output = line;
      }),
  }));
  const common = { concurrent: false, exitOnError: true, registerSignalListeners: false } as const;
  if (json) {
    await new Listr(tasks, { ...common, renderer: 'silent' }).run();
    return;
  }
  await new Listr(tasks, {
    ...common,
    renderer: 'default',
    rendererOptions: {
      timer: PRESET_TIMER,
      collapseErrors: false,
      showErrorMessage: false,
      formatOutput: 'truncate',
    },
    fallbackRenderer: 'verbose',
    fallbackRendererOptions: { timer: PRESET_TIMER, logTitleChange: false },
  }).run();
}
