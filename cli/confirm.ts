// Asks the operator to confirm irreversible changes, and for what is missing.
import { createInterface, type Interface } from 'node:readline/promises';
import { Writable } from 'node:stream';
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

/**
 * Prompts on the terminal for a secret, which is not shown.
 * @throws {UsageError} if there is no terminal
 */
export async function askSecret(question: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new UsageError('no terminal to ask for the passphrase: run it on a terminal');
  // As a terminal, so that readline turns off the echo; what it would show goes nowhere.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  process.stderr.write(question);
  try {
    return await lineFrom(terminal, '');
  } finally {
    process.stderr.write('\n');
  }
}

async function answerTo(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  return (await lineFrom(terminal, question)).trim();
}

async function lineFrom(terminal: Interface, question: string): Promise<string> {
  const answer = await new Promise<string>((resolve) => {
    terminal.on('close', () => resolve(''));
    // readline handles the signal itself unless it is passed on.
    terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    void terminal.question(question).then(resolve, () => resolve(''));
  });
  terminal.close();
  return answer;
}
