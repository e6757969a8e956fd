/**
 * A headless Chromium with a profile of its own, gone with everything it started when `close` returns. Test processes
 * run it. Chromium ends by itself when the test process dies, because its pipe ends.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { DevTools } from './dev-tools.ts';
import { Page } from './page.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--disable-dev-shm-usage',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A page that is not in front is a full page here.
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--remote-debugging-pipe',
];
/** For a browser that is asked to close; then it is killed. */
const CLOSE_MS = 5000;

export class Chromium {
  readonly #process: ChildProcess;
  readonly #tools: DevTools;
  readonly #profile: string;
  #stderr = '';

  /** Starts the program at `path`. */
  static async launch(path: string): Promise<Chromium> {
    const browser = new Chromium(path, await mkdtemp(join(tmpdir(), 'broadside-chromium-')));
    try {
      await browser.#tools.send('Browser.getVersion');
    } catch (error) {
      await browser.close();
      throw new Error(`Chromium did not start: ${(error as Error).message}\n${browser.#stderr}`);
    }
    return browser;
  }

  private constructor(path: string, profile: string) {
    this.#profile = profile;
    this.#process = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
      detached: true, // a group of its own, so that helpers are killed with it
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    });
    const [, , stderr, commands, events] = this.#process.stdio as [null, null, Readable, Writable, Readable];
    stderr.on('data', (chunk) => {
      this.#stderr += chunk;
    });
    this.#tools = new DevTools(commands, events);
    this.#process.on('error', (error) => this.#tools.fail(error));
    this.#process.on('exit', (code, signal) => this.#tools.fail(new Error(`Chromium ended with ${signal ?? code}`)));
  }

  /** Opens an empty page. @param size of the window, in CSS pixels */
  async open(size = { width: 1000, height: 700 }): Promise<Page> {
    const { targetId } = await this.#tools.send('Target.createTarget', { url: 'about:blank', newWindow: true });
    const { sessionId } = await this.#tools.send('Target.attachToTarget', { targetId, flatten: true });
    const page = new Page(this.#tools, sessionId, targetId);
    await page.prepare(size);
    return page;
  }

  /** Ends the browser and all its processes, and removes its profile. */
  async close(): Promise<void> {
    const { pid } = this.#process;
    if (pid !== undefined && this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit');
      const killer = setTimeout(() => killGroup(pid), CLOSE_MS);
      this.#tools.send('Browser.close').catch(() => {}); // it may be gone before it answers
      await gone;
      clearTimeout(killer);
    }
    if (pid !== undefined) killGroup(pid);
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 10 });
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // nobody of the group is left
  }
}
