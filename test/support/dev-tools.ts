/**
 * The DevTools protocol over the browser's pipe: JSON messages, each ended by a NUL. Test processes run it.
 * It knows no command and no event by name.
 */
import type { Readable, Writable } from 'node:stream';
import { within } from './wait-for.ts';

type Fields = Record<string, any>;
export type EventListener = (method: string, params: Fields) => void;

interface Waiting {
  readonly resolve: (result: Fields) => void;
  readonly reject: (error: Error) => void;
}

export class DevTools {
  readonly #commands: Writable;
  readonly #waiting = new Map<number, Waiting>();
  readonly #listeners = new Map<string, EventListener>();
  #unread: Buffer[] = [];
  #lastId = 0;

  /** @param commands,events the browser's file descriptors 3 and 4 */
  constructor(commands: Writable, events: Readable) {
    this.#commands = commands;
    commands.on('error', () => {}); // the browser is gone, which `fail` tells
    events.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  /**
   * Sends a command; rejects with the browser's error.
   *
   * @param session the page's, from `Target.attachToTarget`; without it the browser itself is asked
   */
  send(method: string, params: Fields = {}, session?: string): Promise<Fields> {
    const id = ++this.#lastId;
    const answer = new Promise<Fields>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId: session })}\0`);
    return within(answer, `an answer to ${method}`);
  }

  /** Sets who hears of the events of one page. */
  listen(session: string, listener: EventListener): void {
    this.#listeners.set(session, listener);
  }

  /** Rejects everything that waits: nobody will answer. */
  fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }

  #read(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, start)) {
      const message = Buffer.concat([...this.#unread, chunk.subarray(start, end)]);
      this.#unread = [];
      start = end + 1;
      this.#take(JSON.parse(message.toString()));
    }
    if (start < chunk.length) this.#unread.push(chunk.subarray(start));
  }

  #take({ id, method, params, sessionId, result, error }: Fields): void {
    if (id === undefined) {
      this.#listeners.get(sessionId)?.(method, params);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(error.message));
    else waiting?.resolve(result);
  }
}
