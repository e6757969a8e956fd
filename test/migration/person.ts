/**
 * Somebody in the chat: a real client that writes down what it hears and what it is answered. Test processes run it.
 */
import {
  type ClientOptions,
  type ClientSocket,
  closeConnection,
  type Generation,
  openClient,
} from '../support/clients.ts';
import { waitFor, within } from '../support/wait-for.ts';

export class Person {
  readonly name: string;
  readonly client: ClientSocket;
  /** Per person, because nothing orders what different clients hear. */
  readonly heard: unknown[][] = [];
  #onHeard: () => void = () => {};

  constructor(
    name: string,
    generation: Generation,
    port: number,
    events: readonly string[],
    options: ClientOptions,
    namespace = '/',
  ) {
    this.name = name;
    this.client = openClient(generation, port, namespace, options);
    for (const event of events) {
      this.client.on(event, (...args: unknown[]) => {
        const reply = args.at(-1);
        if (typeof reply !== 'function') {
          this.#note(event, ...args);
          return;
        }
        this.#note(event, ...args.slice(0, -1));
        if (args[0] !== 'silence') reply(`${name} says ${args[0]}`);
      });
    }
    for (const event of ['connect_error', 'error', 'disconnect']) {
      this.client.on(event, (why: unknown) => {
        if (!(why instanceof Error)) this.#note(event, why);
        else if ('data' in why) this.#note(event, why.message, why.data);
        else this.#note(event, why.message);
      });
    }
  }

  #note(...entry: unknown[]): void {
    this.heard.push(entry);
    this.#onHeard();
  }

  /** Resolves with the first thing it hears: that it is in, or why not. */
  async settled(): Promise<this> {
    const first = new Promise<void>((resolve) => {
      this.#onHeard = resolve;
    });
    if (this.heard.length === 0) await within(first, `an answer to ${this.name}`);
    return this;
  }

  /** Emits with an acknowledgement, and writes the answer down. */
  async ask(event: string, ...args: unknown[]): Promise<void> {
    const answer = new Promise<unknown[]>((resolve) => {
      this.client.emit(event, ...args, (...reply: unknown[]) => resolve(reply));
    });
    this.#note('answer', event, ...(await within(answer, `the answer to ${event}`)));
  }

  /** Emits without waiting for anything. */
  tell(event: string, ...args: unknown[]): void {
    this.client.emit(event, ...args);
  }

  /** Resolves when it has heard that event once more, or has before. */
  async hears(event: string, count = 1): Promise<void> {
    const missing = count - this.heard.filter(([name]) => name === event).length;
    for (let i = 0; i < missing; i++) await waitFor(this.client, event);
  }

  leave(): void {
    closeConnection(this.client);
  }
}

/** What everybody heard, in an order that does not depend on who was faster. */
export const transcript = (people: readonly Person[]): Record<string, unknown[][]> =>
  Object.fromEntries(people.map(({ name, heard }) => [name, heard]));
