// Shows tasks while they run: animated on a terminal, plain lines elsewhere, nothing with --json.
import { Listr, type ListrTask, PRESET_TIMER } from 'listr2';

export interface Task {
  readonly title: string;
  /** @param report shows a progress message */
  readonly run: (report: (line: string) => void) => Promise<void>;
}

/** Runs the tasks one after another, and stops at the first that fails. @throws its error */
export async function runTasks(
  tasks: readonly Task[],
  { json = false }: { readonly json?: boolean | undefined },
): Promise<void> {
  const listed = tasks.map(({ title, run }): ListrTask => ({
    title,
    task: (_, task) =>
      run((line) => {
        task.output = line;
      }),
  }));
  const common = { concurrent: false, exitOnError: true, registerSignalListeners: false } as const;
  if (json) {
    await new Listr(listed, { ...common, renderer: 'silent' }).run();
    return;
  }
  await new Listr(listed, {
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
