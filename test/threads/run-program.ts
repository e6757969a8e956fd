/**
 * Runs a small program as a child process and says how it ended. Its output is shown when it does not end by itself.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { within } from '../support/wait-for.ts';

/** Generous: a program that takes longer hangs. */
const PROGRAM_MS = 20_000;

export interface Ending {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Program {
  /** Resolves when the process is gone; rejects when it had to be killed. */
  readonly ended: Promise<Ending>;
  readonly #child: ReturnType<typeof spawn>;
  #stdout = '';
  #onLine: () => void = () => {};

  /**
   * @param program file in `programs/`, without its extension, or the address of any file
   * @param nodeArgs options of Node itself
   */
  constructor(
    program: string | URL,
    env: Record<string, string> = {},
    args: readonly string[] = [],
    nodeArgs: readonly string[] = [],
  ) {
    const url = typeof program === 'string' ? new URL(`programs/${program}.ts`, import.meta.url) : program;
    const file = fileURLToPath(url);
    this.#child = spawn(process.execPath, ['--import', 'tsx', ...nodeArgs, file, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let stderr = '';
    this.#child.stdout?.on('data', (chunk) => {
      this.#stdout += chunk;
      this.#onLine();
    });
    this.#child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    this.ended = new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#child.kill('SIGKILL');
        reject(new Error(`${file} had not ended after ${PROGRAM_MS} ms\n${this.#stdout}\n${stderr}`));
      }, PROGRAM_MS);
      this.#child.on('error', reject);
      this.#child.on('close', (code, signal) => {
        clearTimeout(timer);
        resolve({ code, signal, stdout: this.#stdout, stderr });
      });
    });
    this.ended.catch(() => {}); // whoever awaits it is told
  }

  /** Resolves with what the program printed after `word`; rejects when it ends without. */
  async said(word: string): Promise<string> {
    const line = new RegExp(`^${word} (.*)$`, 'm');
    const found = new Promise<string>((resolve) => {
      this.#onLine = () => {
        const match = line.exec(this.#stdout);
        if (match) resolve(match[1]);
      };
      this.#onLine();
    });
    const unsaid = this.ended.then(({ code, signal, stderr }) => {
      const match = line.exec(this.#stdout);
      if (match) return match[1];
      throw new Error(`ended with ${signal ?? code} before it said "${word}"\n${stderr}`);
    });
    return within(Promise.race([found, unsaid]), `"${word}"`);
  }

  /** The port that the program listens on, as it says itself. */
  async port(): Promise<number> {
    return Number(await this.said('port'));
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

/** Asserts how a program ended; what it wrote on stderr is the message when it ended otherwise. */
export function assertEnding(ending: Ending, code: number | null, signal: NodeJS.Signals | null = null): void {
  assert.deepEqual([ending.code, ending.signal], [code, signal], `ended otherwise; stderr:\n${ending.stderr}`);
}

/** Binds and releases the port; rejects when somebody still has it. */
export async function assertFree(port: number): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
}
