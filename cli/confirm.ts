// Asks a person before something that can't be undone.
import { createInterface } from 'node:readline/promises';
import { UsageError } from './command.js';
import { DeployError } from './aws/error.js';

/**
 * @param word that has to be typed
 * @throws {DeployError} if it was not @throws {UsageError} if nobody is there
 */
export async function confirm(question: string, word: string, instead = '--yes'): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError(`nobody is there to be asked: say ${instead}`);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    terminal.on('close', () => resolve(''));
    // As everywhere else: readline keeps the signal to itself.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    void terminal.question(question).then(resolve, () => resolve(''));
  });
  terminal.close();
  if (answer.trim() !== word) {
    throw new DeployError('NOT_CONFIRMED', 'nothing was done', 'run it again when you want to');
  }
}
