/**
 * The app thread's end of `events`: tells Servers and their sessions what clients do, in turns that leave timers and I/O
 * of the application their share.
 */
import type { MessagePort } from 'node:worker_threads';
import type { SessionNumber } from '../session/ids.ts';
import { Control, type Doorbell } from '../shm/control.ts';
import { APP_THREAD, COORDINATOR_THREAD } from '../shm/layout.ts';
import { takeRegion } from '../shm/region-port.ts';
import { SpscRing } from '../shm/spsc-ring.ts';
import type { CommandWriter } from './command-writer.ts';
import {
  EVT_CLOSE,
  EVT_HEAD_BYTES,
  EVT_MESSAGE,
  EVT_OPEN,
  EVT_UPGRADE,
  EVT_WORD_A,
  EVT_WORD_B,
  FLAG_LARGE,
  getSession,
  KIND_TEXT,
} from './records.ts';
import type { Segment } from './segment.ts';

/** Events are handled for this long, then timers and I/O of the application have their turn. */
const TURN_MS = 5;

/** Who is told what the client of one session does. */
export interface SessionHandler {
  /** The session is known by now: what the client says next will be heard. */
  onOpened(): void;
  /** Text or a copy of the bytes. */
  onMessage(data: string | Buffer): void;
  /** The session's transport is a WebSocket now. */
  onUpgrade(): void;
  onClose(reason: number, detail: number): void;
}

/** Who is told of new sessions; one for each Server. */
export interface AppHandler {
  /**
   * @param encoded the handshake request, as `decodeRequest` takes it: much smaller than what it decodes to
   * @returns who hears of the session from now on; undefined for a session that is not let in
   */
  onOpen(session: SessionNumber, sid: string, encoded: string): SessionHandler | undefined;
  onDrain(): void;
}

export class EventReader {
  readonly #control: Control;
  readonly #ring: SpscRing;
  readonly #port: MessagePort;
  readonly #commands: CommandWriter;
  readonly #bell: Doorbell;
  readonly #coordinatorBell: Doorbell;
  readonly #handlers = new Map<number, AppHandler>();
  readonly #sessions = new Map<SessionNumber, SessionHandler>();
  readonly #pump = (): void => this.#takeTurn();
  #stopped = false;

  constructor(segment: Segment, port: MessagePort, commands: CommandWriter) {
    this.#control = new Control(segment.control, segment.tuning.ioThreads);
    this.#ring = new SpscRing(segment.events);
    this.#port = port;
    this.#commands = commands;
    this.#bell = this.#control.doorbell(APP_THREAD);
    this.#coordinatorBell = this.#control.doorbell(COORDINATOR_THREAD);
  }

  addServer(server: number, handler: AppHandler): void {
    this.#handlers.set(server, handler);
  }

  removeServer(server: number): void {
    this.#handlers.delete(server);
  }

  /** Begins reading events. */
  start(): void {
    this.#takeTurn();
  }

  /** Stops reading events for good. */
  stop(): void {
    this.#stopped = true;
    this.#bell.ring();
  }

  #takeTurn(): void {
    if (this.#stopped) return;
    let more = false;
    try {
      if (this.#commands.drainDue) this.#announceDrain();
      more = this.#read();
    } finally {
      // A handler that throws surfaces as an uncaught exception; the events behind it are still handled.
      if (more || !this.#sleep()) setImmediate(this.#pump);
    }
  }

  /** Handles events for one turn; true when the turn ended before they did. */
  #read(): boolean {
    const deadline = performance.now() + TURN_MS;
    let handled = 0;
    try {
      while (this.#ring.next()) {
        handled++;
        this.#dispatch();
        if ((handled & 15) === 0 && performance.now() > deadline) return true;
      }
      return false;
    } finally {
      if (handled > 0) {
        this.#ring.free();
        if (this.#control.eventsBlocked) this.#coordinatorBell.ring();
      }
    }
  }

  /** False when there is something to do at once. */
  #sleep(): boolean {
    this.#bell.prepareSleep();
    if (!this.#ring.isEmpty() || this.#commands.drainDue) {
      this.#bell.cancelSleep();
      return false;
    }
    const rung = this.#bell.sleepAsync();
    if (rung === undefined) return false;
    void rung.then(this.#pump);
    return true;
  }

  #dispatch(): void {
    const { words, bytes, type, flags, offset } = this.#ring;
    const word = offset >> 2;
    const session = getSession(words, word);
    const a = words[word + EVT_WORD_A];
    const b = words[word + EVT_WORD_B];
    const body = offset + EVT_HEAD_BYTES;
    switch (type) {
      case EVT_OPEN: {
        const handler = this.#handlers.get(a);
        if (handler === undefined) break; // its server was closed meanwhile
        const sid = bytes.toString('latin1', body, body + b);
        const encoded = bytes.toString('latin1', body + b, offset + this.#ring.length);
        const opened = handler.onOpen(session, sid, encoded);
        if (opened === undefined) break;
        this.#sessions.set(session, opened);
        opened.onOpened();
        break;
      }
      case EVT_MESSAGE: {
        const large = (flags & FLAG_LARGE) !== 0 ? Buffer.from(takeRegion(this.#port)) : undefined;
        const handler = this.#sessions.get(session);
        if (handler === undefined) break;
        const source = large ?? bytes;
        const from = large === undefined ? body : 0;
        const data = a === KIND_TEXT ? source.toString('utf8', from, from + b) : copyOf(source, from, b);
        handler.onMessage(data);
        break;
      }
      case EVT_UPGRADE:
        this.#sessions.get(session)?.onUpgrade();
        break;
      case EVT_CLOSE: {
        const handler = this.#sessions.get(session);
        this.#sessions.delete(session);
        handler?.onClose(a, b);
        break;
      }
      default:
        throw new RangeError(`event of unknown type ${type}`);
    }
  }

  #announceDrain(): void {
    this.#commands.drained();
    for (const handler of this.#handlers.values()) handler.onDrain();
  }
}

/** User code may keep what it gets: never a view of a ring. */
function copyOf(source: Buffer, from: number, bytes: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes);
  copy.set(source.subarray(from, from + bytes));
  return copy;
}
