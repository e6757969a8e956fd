/**
 * Which I/O thread owns a session whose id the application made: such an id names no thread, so the others are asked.
 * I/O thread. An answer is kept until it proves wrong.
 */
import type { LaneMessage, Lanes } from './lanes.ts';
import type { SessionTable } from './session-table.ts';

interface Search {
  readonly key: string;
  /** Threads that have not answered. */
  readonly left: Set<number>;
  readonly callbacks: ((owner: number) => void)[];
}

/** Owners kept at most; the oldest go first. */
const MAX_KEPT = 10_000;

export class OwnerLookup {
  readonly #self: number;
  readonly #threads: number;
  readonly #sessions: SessionTable;
  readonly #lanes: Lanes;
  readonly #hasLeft: (sid: string) => boolean;
  readonly #kept = new Map<string, number>();
  readonly #searches = new Map<number, Search>();
  readonly #searchOf = new Map<string, Search>();
  #nextId = 1;

  constructor(self: number, threads: number, sessions: SessionTable, lanes: Lanes, hasLeft: (sid: string) => boolean) {
    this.#self = self;
    this.#threads = threads;
    this.#sessions = sessions;
    this.#lanes = lanes;
    this.#hasLeft = hasLeft;
  }

  /** Calls back with the owner, this thread when nobody else knows the id: its answer is then as good as any. */
  find(server: number, sid: string, callback: (owner: number) => void): void {
    const key = `${server}:${sid}`;
    const kept = this.#kept.get(key);
    if (this.#isHere(server, sid) || this.#threads === 1) callback(this.#self);
    else if (kept !== undefined && this.#lanes.reaches(kept)) callback(kept);
    else this.#search(server, sid, key, callback);
  }

  /** A lane message of this part; others are left alone. */
  receive(from: number, message: LaneMessage): void {
    if (message.op === 'find') {
      this.#lanes.post(from, { op: 'found', id: message.id, yes: this.#isHere(message.server, message.sid) });
    } else if (message.op === 'found') {
      this.#answered(from, message.id, message.yes);
    }
  }

  /** A thread has died: it owns nothing any more and will not answer. */
  laneClosed(thread: number): void {
    for (const [key, owner] of this.#kept) if (owner === thread) this.#kept.delete(key);
    for (const id of [...this.#searches.keys()]) this.#answered(thread, id, false);
  }

  #isHere(server: number, sid: string): boolean {
    return this.#sessions.find(server, sid) >= 0 || this.#hasLeft(sid);
  }

  #search(server: number, sid: string, key: string, callback: (owner: number) => void): void {
    const running = this.#searchOf.get(key);
    if (running !== undefined) {
      running.callbacks.push(callback);
      return;
    }
    const id = this.#nextId++;
    const left = new Set<number>();
    for (let thread = 0; thread < this.#threads; thread++) {
      if (thread !== this.#self && this.#lanes.reaches(thread)) left.add(thread);
    }
    const search = { key, left, callbacks: [callback] };
    this.#searches.set(id, search);
    this.#searchOf.set(key, search);
    for (const thread of left) this.#lanes.post(thread, { op: 'find', id, server, sid });
  }

  #answered(from: number, id: number, yes: boolean): void {
    const search = this.#searches.get(id);
    if (search === undefined || !search.left.delete(from)) return;
    if (!yes && search.left.size > 0) return;
    this.#searches.delete(id);
    this.#searchOf.delete(search.key);
    if (yes) {
      if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value as string);
      this.#kept.set(search.key, from);
    }
    for (const callback of search.callbacks) callback(yes ? from : this.#self);
  }
}
