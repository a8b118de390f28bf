// Asks the operator to confirm irreversible changes, and for what is missing.
import { createInterface } from 'node:readline/promises';
import { DeployError } from './aws/error.js';
import { UsageError } from './command.js';

interface Question {
  readonly question: string;
  /** The word that the operator must type. */
  readonly word: string;
  /** Option that confirms without a prompt. */
  readonly option: string;
}

/**
 * Prompts on the terminal, and returns if the operator types the word.
 * @throws {DeployError} if the operator types anything else
 * @throws {UsageError} if there is no terminal
 */
export async function confirm({ question, word, option }: Question): Promise<void> {
  if (!process.stdin.isTTY) throw new UsageError(`no terminal for the confirmation prompt: add ${option}`);
  if ((await answerTo(question)) !== word) {
    throw new DeployError(
      'NOT_CONFIRMED',
      'not confirmed: nothing was changed',
      'run the command again when you are ready',
    );
  }
}

/**
 * Prompts on the terminal for a line of text.
 * @param option gives the text without a prompt
 * @throws {UsageError} if there is no terminal, or no answer
 */
export async function ask(question: string, option: string): Promise<string> {
  const answer = process.stdin.isTTY ? await answerTo(question) : '';
  if (answer === '') throw new UsageError(`${option} is missing`);
  return answer;
}

async function answerTo(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await new Promise<string>((resolve) => {
    terminal.on('close', () => resolve(''));
    // readline handles the signal itself unless it is passed on.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    void terminal.question(question).then(resolve, () => resolve(''));
  });
  terminal.close();
  return answer.trim();
}
