/**
 * Messages between I/O threads: foreign requests, upgrades, hand-overs. One port for each other thread; a message to
 * oneself takes the same path, one microtask later. No coordinator, no log, no app thread.
 */
import type { MessagePort } from 'node:worker_threads';
import type { ConnectionError } from '../../wire/connection-errors.ts';
import type { Revision } from '../../wire/engine-packet.ts';
import type { HttpAnswer } from './exchange.ts';
import type { PollingRequest } from './polling-sessions.ts';
import type { QueuedPacket } from './polling-transport.ts';

/** Where the heartbeat of a moving session stands. */
export interface HeartbeatState {
  readonly phase: number;
  /** Milliseconds until its next step is due. */
  readonly remaining: number;
}

/** A session by its place: the serial tells it from an earlier or later one on that slot. */
export interface SessionPlace {
  readonly slot: number;
  readonly serial: number;
}

export type LaneMessage =
  // ── foreign requests: receiving thread → owner, and back ──
  | {
      readonly op: 'request';
      readonly id: number;
      readonly server: number;
      readonly request: PollingRequest;
    }
  | { readonly op: 'body'; readonly id: number; readonly bytes: Uint8Array }
  /** The body was refused where it came in; the session goes on. */
  | { readonly op: 'refused'; readonly id: number }
  /** The client went away, before the answer or with it. */
  | { readonly op: 'aborted'; readonly id: number }
  | { readonly op: 'answer'; readonly id: number; readonly answer: HttpAnswer; readonly isAwaited: boolean }
  /** The answer has been written to the connection. */
  | { readonly op: 'delivered'; readonly id: number }
  // ── upgrade: candidate's thread → owner, and back ──
  | {
      readonly op: 'candidate';
      readonly id: number;
      readonly server: number;
      readonly sid: string;
      readonly revision: Revision;
    }
  | { readonly op: 'accepted'; readonly id: number; readonly place: SessionPlace }
  | { readonly op: 'rejected'; readonly id: number; readonly error: ConnectionError }
  | { readonly op: 'probed'; readonly id: number }
  | { readonly op: 'candidateGone'; readonly id: number }
  /** The owner has ended the session. `packets`: what its client must still get if it has switched; undefined: nothing. */
  | {
      readonly op: 'sessionGone';
      readonly id: number;
      readonly reason: number;
      readonly detail: number;
      readonly packets: readonly QueuedPacket[] | undefined;
    }
  | {
      readonly op: 'handOver';
      readonly id: number;
      readonly sid: string;
      readonly packets: readonly QueuedPacket[];
      readonly heartbeat: HeartbeatState | undefined;
    }
  // ── whose session: for ids that the application made ──
  | { readonly op: 'find'; readonly id: number; readonly server: number; readonly sid: string }
  | { readonly op: 'found'; readonly id: number; readonly yes: boolean }
  /** The moved session has ended: its tombstone may go. */
  | { readonly op: 'ended'; readonly sid: string };

export interface LaneListener {
  /** Called from the event loop, never inside `post`. */
  message(from: number, message: LaneMessage): void;
  /** The life of the thread at the other end is over: nothing of it will come, and nothing reaches it. */
  closed(thread: number): void;
}

export class Lanes {
  readonly #self: number;
  readonly #ports: (MessagePort | undefined)[];
  readonly #listener: LaneListener;
  #isClosed = false;

  /** @param ports by I/O thread; undefined for this one */
  constructor(self: number, ports: readonly (MessagePort | undefined)[], listener: LaneListener) {
    this.#self = self;
    this.#ports = [];
    this.#listener = listener;
    for (const [thread, port] of ports.entries()) if (port !== undefined) this.connect(thread, port);
  }

  /** Takes the port to a thread that has been restarted. What belonged to its last life ends before. */
  connect(thread: number, port: MessagePort): void {
    this.#disconnect(thread);
    this.#ports[thread] = port;
    port.on('message', (message: LaneMessage) => {
      if (this.#ports[thread] === port) this.#listener.message(thread, message);
    });
    port.on('close', () => {
      if (this.#ports[thread] === port) this.#disconnect(thread);
    });
  }

  post(thread: number, message: LaneMessage): void {
    if (thread === this.#self) queueMicrotask(() => this.#hear(message));
    else this.#ports[thread]?.postMessage(message);
  }

  /** True when there is such a thread, as far as is known. */
  reaches(thread: number): boolean {
    return thread === this.#self || this.#ports[thread] !== undefined;
  }

  /** This thread ends: nobody is listened to any more. */
  close(): void {
    this.#isClosed = true;
    for (const port of this.#ports.splice(0)) port?.close();
  }

  #hear(message: LaneMessage): void {
    if (!this.#isClosed) this.#listener.message(this.#self, message);
  }

  #disconnect(thread: number): void {
    const port = this.#ports[thread];
    if (port === undefined) return;
    this.#ports[thread] = undefined;
    port.close();
    this.#listener.closed(thread);
  }
}
