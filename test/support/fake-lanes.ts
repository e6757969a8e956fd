/**
 * Lanes between I/O threads for tests on one thread: each message waits until the test delivers it, so every order of
 * lane, log and ring can be walked. Messages are cloned as a real port would. A closed lane is told after what it carried.
 */
import type { MessagePort } from 'node:worker_threads';

type Listener = (message?: unknown) => void;
interface Parcel {
  readonly event: 'message' | 'close';
  readonly body?: unknown;
}

class FakePort {
  other: FakePort | undefined;
  readonly waiting: Parcel[] = [];
  #isOpen = true;
  readonly #listeners = new Map<string, Listener>();

  on(event: string, listener: Listener): void {
    this.#listeners.set(event, listener);
  }

  postMessage(body: unknown): void {
    if (this.#isOpen) this.other?.waiting.push({ event: 'message', body: structuredClone(body) });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.other?.waiting.push({ event: 'close' });
  }

  /** Hands over the next parcel; false when none waits or this end is closed. */
  deliver(): boolean {
    if (!this.#isOpen) return false;
    const parcel = this.waiting.shift();
    if (parcel === undefined) return false;
    if (parcel.event === 'close') this.#isOpen = false;
    this.#listeners.get(parcel.event)?.(parcel.body);
    return true;
  }
}

export class FakeLanes {
  /** Row i: ports that thread i holds, older ones to earlier lives of the other included. */
  readonly #ports: FakePort[][];

  constructor(threads: number) {
    this.#ports = Array.from({ length: threads }, () => []);
  }

  /**
   * Lanes of a thread that starts.
   *
   * @param connect gives the other end to each thread that runs already
   */
  start(thread: number, connect: (other: number, port: MessagePort) => void): (MessagePort | undefined)[] {
    return this.#ports.map((_, other) => {
      if (other === thread) return undefined;
      const [own, far] = [new FakePort(), new FakePort()];
      own.other = far;
      far.other = own;
      this.#ports[thread].push(own);
      this.#ports[other].push(far);
      connect(other, far as unknown as MessagePort);
      return own as unknown as MessagePort;
    });
  }

  /** The thread has died and closed its ends. */
  forget(thread: number): void {
    this.#ports[thread].length = 0;
  }

  /** What waits for a thread, in order, by lane; lanes without are left out. */
  waiting(thread: number): readonly (readonly string[])[] {
    const lanes = this.#ports[thread].map(({ waiting }) =>
      waiting.map(({ event, body }) => (body as { op: string } | undefined)?.op ?? event),
    );
    return lanes.filter(({ length }) => length > 0);
  }

  /** Delivers the next message to a thread, in order per lane; false when none waits. */
  deliver(thread: number): boolean {
    return this.#ports[thread].some((port) => port.deliver());
  }

  /** Delivers the next message of the lane that `choose` picks by its number. */
  deliverFrom(thread: number, choose: (lanes: number) => number): boolean {
    const ports = this.#ports[thread].filter(({ waiting }) => waiting.length > 0);
    return ports.length > 0 && ports[choose(ports.length)].deliver();
  }
}
