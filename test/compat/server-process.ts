/**
 * The test process's end of a server process. A server that dies fails whatever waits for it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { within } from '../support/wait-for.ts';
import type { Kind } from './case.ts';
import type { HouseName } from './houses.ts';

/** The first message of a server process. */
export interface Greeting<Name extends string = HouseName> {
  readonly ports: { readonly [name in Name]: number };
}

export type Request =
  /** What the application saw of the connections with this key, once `opened` of them have come (and gone, if `over`). */
  | {
      readonly id: number;
      readonly op: 'report';
      readonly key: string;
      readonly opened: number;
      readonly over: boolean;
    }
  /** Resident bytes after a collection; with `left`, once no more sessions than that are open. */
  | { readonly id: number; readonly op: 'memory'; readonly left?: number };

export interface Reply {
  readonly id: number;
  readonly value: string[] | number;
}

const PROGRAM = new URL('./server-program.ts', import.meta.url);

export class ServerProcess<Name extends string = HouseName> {
  readonly kind: Kind;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: any) => void; reject: (error: Error) => void }>();
  readonly #greeting: Promise<Greeting<Name>>;
  #ports = {} as Greeting<Name>['ports'];
  #lastId = 0;
  #death: Error | undefined;

  /** Starts the process; `ready` says when it listens. */
  constructor(kind: Kind, program: URL = PROGRAM) {
    this.kind = kind;
    this.#child = fork(program, [kind], {
      execArgv: ['--expose-gc', '--max-semi-space-size=1', '--optimize-for-size', '--import', 'tsx'],
    });
    this.#greeting = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve, reject });
    });
    this.#child.on('message', (message: Greeting<Name> | Reply) => {
      const [id, value] = 'id' in message ? [message.id, message.value] : [0, message];
      this.#waiting.get(id)?.resolve(value);
      this.#waiting.delete(id);
    });
    this.#child.on('exit', (code, signal) => {
      this.#death = new Error(`the ${kind} server process ended with ${signal ?? code}`);
      for (const { reject } of this.#waiting.values()) reject(this.#death);
      this.#waiting.clear();
    });
  }

  async ready(): Promise<void> {
    this.#ports = (await within(this.#greeting, `the start of the ${this.kind} server`)).ports;
  }

  port(house: Name): number {
    return this.#ports[house];
  }

  get alive(): boolean {
    return this.#death === undefined;
  }

  report(key: string, opened: number, over: boolean): Promise<string[]> {
    const what = `${over ? 'the end' : 'the start'} of ${opened} connections in the ${this.kind} server`;
    return within(this.#request({ id: ++this.#lastId, op: 'report', key, opened, over }), what);
  }

  memory(left?: number): Promise<number> {
    return within(this.#request({ id: ++this.#lastId, op: 'memory', left }), 'a report of memory');
  }

  /** Resolves when the process is gone. */
  async close(): Promise<void> {
    if (!this.alive) return;
    const gone = new Promise<void>((resolve) => this.#child.once('exit', () => resolve()));
    this.#child.disconnect();
    await gone;
  }

  #request(request: Request): Promise<any> {
    return new Promise((resolve, reject) => {
      if (this.#death) return reject(this.#death);
      this.#waiting.set(request.id, { resolve, reject });
      this.#child.send(request);
    });
  }
}
