// Shows the progress of a long run on standard error: one line that is overwritten on a terminal, separate lines
// elsewhere.

export function showProgress(message: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${message}` : `${message}\n`);
}

/** Removes the line on a terminal, before results are printed. */
export function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}
