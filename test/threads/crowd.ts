/**
 * Raw clients of one server that check numbered broadcasts. They live in the test process, so that a test can name the
 * I/O thread each one is on; they run on the app thread's turns.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server, Socket } from '../../core/index.ts';
import { threadOfSid } from '../../core/session/sid.ts';
import { LeanClient } from '../support/lean-client.ts';
import { PATIENCE_MS, within } from '../support/wait-for.ts';

const CONNECTED = '0{"sid":"';
const NUMBER = '2["n",';
/** Below the backlog of the listening port. */
const CONNECTING_AT_ONCE = 100;

export const portOf = (io: Server): number => (io.httpServer.address() as { port: number }).port;

export const threadOf = (socket: Socket): number => threadOfSid((socket.conn as unknown as { id: string }).id);

/** Looks once a turn of the loop, for a state that no event announces. */
export function until(what: string, done: () => boolean): Promise<void> {
  let given = false;
  const poll = async (): Promise<void> => {
    while (!given && !done()) await new Promise((resolve) => setImmediate(resolve));
  };
  return within(poll(), what).finally(() => {
    given = true;
  });
}

/** One client: what it saw, and what is left of it. */
export class Member {
  readonly #client: LeanClient;
  /** Of its connection; -1 until it is connected. */
  thread = -1;
  socket: Socket | undefined;
  /** Its server-side disconnects, reasons in order. */
  readonly ends: string[] = [];
  first = 0;
  last = 0;
  gaps = 0;
  closed = false;
  /** Resolves to true when connected, to false when the connection ended before. */
  readonly settled: Promise<boolean>;
  #onProgress: () => void = () => {};

  constructor(io: Server) {
    let settle: (connected: boolean) => void = () => {};
    this.settled = new Promise((resolve) => {
      settle = resolve;
    });
    this.#client = new LeanClient({
      port: portOf(io),
      onPacket: (text) => {
        if (text.startsWith(NUMBER)) this.#number(Number.parseInt(text.slice(NUMBER.length), 10));
        else if (text.startsWith(CONNECTED)) {
          this.#meet(io, text.slice(CONNECTED.length, text.indexOf('"', CONNECTED.length)));
          settle(true);
        }
      },
      onClose: () => {
        this.closed = true;
        this.#onProgress();
        settle(false);
      },
    });
  }

  /** Sends the text of one Socket.IO packet. */
  send(packet: string): void {
    this.#client.sendPacket(packet);
  }

  close(): void {
    this.#client.close();
  }

  /** Resolves when it has received number `n`, or is gone. */
  async reached(n: number): Promise<void> {
    while (this.last < n && !this.closed) {
      await within(
        new Promise<void>((resolve) => {
          this.#onProgress = resolve;
        }),
        `number ${n}, after ${this.last}, at a client of thread ${this.thread},`,
      );
    }
  }

  #meet(io: Server, id: string): void {
    const socket = io.sockets.sockets.get(id);
    if (socket === undefined) return; // already gone again
    this.socket = socket;
    this.thread = threadOf(socket);
    socket.on('disconnect', (reason: string) => this.ends.push(reason));
  }

  #number(n: number): void {
    if (this.first === 0) this.first = n;
    else if (n !== this.last + 1) this.gaps++;
    this.last = n;
    this.#onProgress();
  }
}

export class Crowd {
  readonly members: Member[] = [];
  readonly #io: Server;
  #sent = 0;

  constructor(io: Server) {
    this.#io = io;
  }

  get sent(): number {
    return this.#sent;
  }

  on(thread: number): Member[] {
    return this.members.filter((member) => member.thread === thread);
  }

  get alive(): Member[] {
    return this.members.filter(({ closed }) => !closed);
  }

  /** Resolves when this many more clients are connected, each at the first attempt. */
  async connect(count: number): Promise<void> {
    for (let left = count; left > 0; left -= CONNECTING_AT_ONCE) {
      const batch = Array.from({ length: Math.min(left, CONNECTING_AT_ONCE) }, () => new Member(this.#io));
      const settled = await within(Promise.all(batch.map((member) => member.settled)), `connecting ${count} clients`);
      assert.ok(settled.every((connected) => connected));
      this.members.push(...batch);
    }
  }

  /** Connects clients until one is on `thread`; a thread that restarts takes none at first. */
  async connectOn(thread: number): Promise<Member> {
    const deadline = performance.now() + PATIENCE_MS;
    while (performance.now() < deadline) {
      const member = new Member(this.#io);
      if (!(await within(member.settled, 'an attempt to connect'))) continue;
      this.members.push(member);
      if (member.thread === thread) return member;
    }
    throw new Error(`thread ${thread} took no client for ${PATIENCE_MS} ms`);
  }

  emit(count = 1): void {
    for (let i = 0; i < count; i++) this.#io.emit('n', ++this.#sent);
  }

  /** Emits one number per turn of the loop; `at` runs after the number it is given for. */
  async stream(count: number, at: Record<number, () => void> = {}): Promise<void> {
    for (let i = 1; i <= count; i++) {
      this.emit();
      at[i]?.();
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /**
   * Emits one more number and resolves when everyone who is still connected has received it; asserts that nobody missed
   * or doubled one since their first.
   */
  async settle(): Promise<void> {
    this.emit();
    const last = this.#sent;
    await Promise.all(this.members.map((member) => member.reached(last)));
    for (const { closed, last: received, gaps, thread } of this.members) {
      assert.equal(gaps, 0, `a client of thread ${thread} missed or doubled a number`);
      if (!closed) assert.equal(received, last);
    }
  }

  /** Resolves when all of these have had their server-side end. */
  async ended(members: readonly Member[]): Promise<void> {
    const ends = members.map(({ socket, ends }) => (ends.length > 0 ? undefined : once(socket as never, 'disconnect')));
    await within(Promise.all(ends), `the end of ${members.length} sockets`);
  }

  close(): void {
    for (const member of this.members) member.close();
  }
}
