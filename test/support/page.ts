/**
 * One page of a headless Chromium: what a user does in it, and what its console says. Test processes run it.
 */
import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DevTools } from './dev-tools.ts';
import { PATIENCE_MS } from './wait-for.ts';

/** Milliseconds between two looks at a state that a test waits for. */
const LOOK_MS = 20;

export class Page {
  readonly #tools: DevTools;
  readonly #session: string;
  readonly #target: string;
  /** Errors and warnings of the console and uncaught exceptions, in their order. */
  readonly complaints: string[] = [];
  #loaded: () => void = () => {};

  constructor(tools: DevTools, session: string, target: string) {
    this.#tools = tools;
    this.#session = session;
    this.#target = target;
    tools.listen(session, (method, params) => this.#hear(method, params));
  }

  /** Called once, before anything else. */
  async prepare({ width, height }: { width: number; height: number }): Promise<void> {
    for (const domain of ['Page', 'Runtime', 'Log']) await this.#send(`${domain}.enable`);
    await this.#send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** Loads an address and waits for its load event. */
  async goto(url: string): Promise<void> {
    const loaded = new Promise<void>((resolve) => {
      this.#loaded = resolve;
    });
    const { errorText } = await this.#send('Page.navigate', { url });
    assert.equal(errorText, undefined, `${url}: ${errorText}`);
    await loaded;
  }

  /** The value of an expression in the page, awaited when it is a promise. It must survive JSON. */
  async evaluate<Value = unknown>(expression: string): Promise<Value> {
    const { result, exceptionDetails } = await this.#send('Runtime.evaluate', {
      expression,
      awaitPromise: true,
      returnByValue: true,
      userGesture: true,
    });
    if (exceptionDetails) throw new Error(`${expression}\n${described(exceptionDetails)}`);
    return result.value as Value;
  }

  /** Waits until an expression is true in the page; says what it was instead when that takes too long. */
  async until(expression: string): Promise<void> {
    const holds = await this.evaluate<boolean>(`new Promise((resolve) => {
      const end = performance.now() + ${PATIENCE_MS - 2000};
      const look = () => {
        if (${expression}) resolve(true);
        else if (performance.now() > end) resolve(false);
        else setTimeout(look, ${LOOK_MS});
      };
      look();
    })`);
    if (holds) return;
    const text = await this.evaluate('document.body.innerText');
    assert.fail(`never became true: ${expression}\nconsole: ${this.complaints.join('\n')}\npage: ${text}`);
  }

  /** Clicks in the middle of the first element that matches. */
  async click(selector: string): Promise<void> {
    const { x, y } = await this.evaluate<{ x: number; y: number }>(`(() => {
      const element = document.querySelector(${JSON.stringify(selector)});
      element.scrollIntoView({ block: 'center' });
      const { x, y, width, height } = element.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    })()`);
    const button = { x, y, button: 'left', clickCount: 1 };
    await this.#send('Input.dispatchMouseEvent', { ...button, type: 'mousePressed' });
    await this.#send('Input.dispatchMouseEvent', { ...button, type: 'mouseReleased' });
  }

  /** Types into the first element that matches; a newline presses Enter. */
  async type(selector: string, text: string): Promise<void> {
    await this.evaluate(`document.querySelector(${JSON.stringify(selector)}).focus()`);
    for (const part of text.split(/(\n)/)) {
      if (part === '\n') await this.#pressEnter();
      else if (part !== '') await this.#send('Input.insertText', { text: part });
    }
  }

  /** Writes what the page looks like into a temporary folder, over the one of the last run; returns the file's path. */
  async screenshot(name: string): Promise<string> {
    const { data } = await this.#send('Page.captureScreenshot', { format: 'png' });
    const folder = join(tmpdir(), 'broadside-screenshots');
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${name}.png`);
    await writeFile(file, Buffer.from(data, 'base64'));
    return file;
  }

  /** Fails when the console has an error or a warning. */
  assertNoComplaints(): void {
    assert.deepEqual(this.complaints, []);
  }

  async close(): Promise<void> {
    await this.#tools.send('Target.closeTarget', { targetId: this.#target });
  }

  async #pressEnter(): Promise<void> {
    const key = { key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 };
    await this.#send('Input.dispatchKeyEvent', { ...key, type: 'keyDown', text: '\r' });
    await this.#send('Input.dispatchKeyEvent', { ...key, type: 'keyUp' });
  }

  #send(method: string, params?: Record<string, unknown>): Promise<Record<string, any>> {
    return this.#tools.send(method, params, this.#session);
  }

  #hear(method: string, params: Record<string, any>): void {
    if (method === 'Page.loadEventFired') this.#loaded();
    else if (method === 'Runtime.exceptionThrown') this.complaints.push(described(params.exceptionDetails));
    else if (method === 'Log.entryAdded' && ['error', 'warning'].includes(params.entry.level)) {
      this.complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    } else if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) {
      this.complaints.push(params.args.map((arg: Record<string, any>) => arg.value ?? arg.description).join(' '));
    }
  }
}

function described({ text, exception }: Record<string, any>): string {
  return `${text} ${exception?.description ?? ''}`;
}
