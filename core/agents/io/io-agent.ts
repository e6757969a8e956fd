/**
 * One I/O thread: reads the broadcast log, writes to its clients, passes what they send to the coordinator. Knows no
 * rooms and no Socket.IO. The thread entry calls `doWork` from its event loop and the methods below from the
 * uWebSockets.js handlers; nothing in here waits.
 */
import type { MessagePort } from 'node:worker_threads';
import {
  DESCRIPTION_INBOUND_LIMIT,
  DESCRIPTION_NONE,
  DESCRIPTION_OUTBOUND_LIMIT,
  REASON_FORCED_CLOSE,
  REASON_SERVER_SHUTTING_DOWN,
  REASON_TRANSPORT_ERROR,
} from '../../session/reasons.ts';
import { LogReader } from '../../shm/broadcast-log.ts';
import { Control, counterIndex, type Doorbell } from '../../shm/control.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../shm/layout.ts';
import { takeRegion } from '../../shm/region-port.ts';
import { SessionCensus } from '../../shm/session-census.ts';
import { SpscRing } from '../../shm/spsc-ring.ts';
import type { OriginsRule } from '../../wire/origins.ts';
import {
  LOG_CLOSE,
  LOG_CLOSE_SERVER,
  LOG_DATA,
  LOG_MOVED,
  LOG_RELEASE,
  LOG_STOP,
  LOG_THREAD_DOWN,
} from '../records.ts';
import type { IoTask, ServerSpec } from '../segment.ts';
import { slotRanges } from '../slot-ranges.ts';
import type { BodyReceiver } from './exchange.ts';
import { FanOut } from './fan-out.ts';
import { type EngineRequest, FrontDesk, type LocalRequest } from './front-desk.ts';
import type { Verdict } from './gate.ts';
import { InboxWriter, MAX_QUEUED_BYTES } from './inbox-writer.ts';
import type { IoHost } from './io-host.ts';
import { Lanes } from './lanes.ts';
import { ParkedQuestions } from './parked-questions.ts';
import { SendQueue } from './send-queue.ts';
import { SessionTable } from './session-table.ts';
import type { SocketOwner, SocketRequest, WebSocketHandle } from './web-socket-handle.ts';

/** A turn writes for this long, then sockets are read. */
const TURN_MS = 5;
/** After this many clients the clock is read, and records that have come meanwhile join the queue. */
const CLIENTS_PER_LOOK = 32;
/** The clock is read once per this many control records: thousands of closes are a turn's work too. */
const CONTROLS_PER_CLOCK = 64;

const RECORDS = counterIndex('records');
const DELIVERIES = counterIndex('deliveries');
const DROPPED = counterIndex('dropped');
const SLOW_CLOSED = counterIndex('slowClosed');
const BATCHES = counterIndex('batches');
const QUEUED_BYTES = counterIndex('queuedBytes');

export class IoAgent {
  readonly sessions: SessionTable;
  readonly doorbell: Doorbell;

  readonly #task: IoTask;
  readonly #host: IoHost;
  readonly #now: () => number;
  readonly #clientsPerLook: number;
  readonly #thread: number;
  readonly #control: Control;
  readonly #coordinatorBell: Doorbell;
  readonly #counters: Int32Array;
  readonly #log: LogReader;
  readonly #inbox: InboxWriter;
  readonly #queue: SendQueue;
  readonly #takeRegion = (): SharedArrayBuffer => takeRegion(this.#task.coordinatorPort);
  readonly #fanOut: FanOut;
  readonly #desk: FrontDesk;
  readonly #questions: ParkedQuestions;
  /** Bytes of client messages that may wait on the heap; two of the largest never fill it. */
  #inboundBudget = MAX_QUEUED_BYTES;
  #ringing = false;
  readonly #ring = (): void => {
    this.#ringing = false;
    this.#coordinatorBell.ring();
  };
  /** With a flush time set: since when the first record waits; -1 while the queue is empty. */
  #waitingSince = -1;
  /** Somebody has been written to since the queue was empty: who is left waits for no flush time. */
  #writing = false;
  #stopped = false;

  /**
   * @param now milliseconds, monotonic
   * @param clientsPerLook clients that are written to between two looks at log and clock
   */
  constructor(task: IoTask, host: IoHost, now: () => number, clientsPerLook = CLIENTS_PER_LOOK) {
    const { segment, ioThread } = task;
    const { tuning } = segment;
    const range = slotRanges(tuning.maxConnections, tuning.ioThreads)[ioThread];
    this.#task = task;
    this.#host = host;
    this.#now = now;
    this.#clientsPerLook = clientsPerLook;
    this.#thread = FIRST_IO_THREAD + ioThread;
    this.#control = new Control(segment.control, tuning.ioThreads);
    this.doorbell = this.#control.doorbell(this.#thread);
    this.#coordinatorBell = this.#control.doorbell(COORDINATOR_THREAD);
    this.#counters = this.#control.counters(this.#thread);
    this.#log = new LogReader(segment.log, ioThread);
    const ring = new SpscRing(segment.inboxes[ioThread], { startsOver: true });
    this.#inbox = new InboxWriter(ring, task.coordinatorPort, this.#counters);
    this.sessions = new SessionTable(range);
    this.#questions = new ParkedQuestions((id, question) => host.ask(id, question));
    this.#desk = new FrontDesk({
      ioThread,
      sessions: this.sessions,
      census: new SessionCensus(this.#control, ioThread, tuning.ioThreads, tuning.maxConnections),
      inbox: this.#inbox,
      lanes: (listener) =>
        new Lanes(ioThread, task.lanePorts, {
          message: (from, message) => {
            listener.message(from, message);
            this.#afterInbound();
          },
          closed: (thread) => {
            listener.closed(thread);
            this.#afterInbound();
          },
        }),
      now,
      ioThreads: tuning.ioThreads,
      ask: (question, callback) => this.#questions.ask(question, callback),
      report: (server, info, error) => host.report(server, info, error),
      abandon: (server, sid) => host.abandon(server, sid),
    });
    this.#queue = new SendQueue(ioThread, tuning.ioThreads, range, tuning.batchRecords);
    this.#fanOut = new FanOut(
      this.#queue,
      this.sessions,
      (local) => this.#desk.serverOf(local)?.spec.maxClientBufferBytes ?? 0,
      (local) => this.#closeSlow(local),
    );
  }

  // ── the log ──

  /** One bounded turn of writing; true when there is more to do at once. */
  doWork(): boolean {
    this.#control.beat(this.#thread);
    if (!this.#inbox.isQueueEmpty && this.#inbox.flush() > 0) this.#coordinatorBell.ring();
    const deadline = this.#now() + TURN_MS;
    while (!this.#stopped && this.#fill(deadline)) {
      this.#fanOut.run(this.#clientsPerLook);
      this.#commit();
      if (this.#now() > deadline) break;
    }
    return this.hasWork();
  }

  /** For the check between `prepareSleep` and sleeping. */
  hasWork(): boolean {
    return !this.#queue.isEmpty || (!this.#stopped && !this.#log.isEmpty());
  }

  /** Records of clients wait for room in the inbox: try again soon. */
  get isBackedUp(): boolean {
    return !this.#inbox.isQueueEmpty;
  }

  /** Takes records from the log into the queue; true when there are clients to write to. */
  #fill(deadline: number): boolean {
    const queue = this.#queue;
    let taken = 0;
    let mayGrow = this.#task.segment.tuning.flushUs > 0;
    for (let executed = 0; !queue.full && this.#log.next(); ) {
      if (this.#log.type === LOG_DATA) {
        if (queue.add(this.#log, this.#takeRegion)) taken++;
        continue;
      }
      if (!queue.isEmpty) {
        this.#log.unread(); // its turn comes when everything before it has been written
        mayGrow = false;
        break;
      }
      this.#execute();
      executed++;
      if (this.#stopped || (executed % CONTROLS_PER_CLOCK === 0 && this.#now() > deadline)) return false;
    }
    if (taken > 0) {
      this.#counters[RECORDS] += taken;
      this.#counters[BATCHES]++;
    }
    if (queue.isEmpty) {
      this.#commit(); // records for others
      return false;
    }
    this.#writing ||= !mayGrow || queue.full || this.#hasWaited();
    return this.#writing;
  }

  /** With a flush time set, records wait that long for more before the first is written. */
  #hasWaited(): boolean {
    const now = this.#now();
    if (this.#waitingSince < 0) this.#waitingSince = now;
    return now - this.#waitingSince >= this.#task.segment.tuning.flushUs / 1000;
  }

  /** What has been copied into sockets the coordinator may overwrite. */
  #commit(): void {
    const { isEmpty, donePosition } = this.#queue;
    this.#counters[DELIVERIES] += this.#fanOut.deliveries;
    this.#counters[DROPPED] += this.#fanOut.dropped;
    this.#fanOut.deliveries = 0;
    this.#fanOut.dropped = 0;
    if (isEmpty) {
      this.#waitingSince = -1;
      this.#writing = false;
    }
    const moved = isEmpty ? this.#log.commit() : this.#log.commit(donePosition);
    if (moved && this.#control.gated) this.#coordinatorBell.ring();
  }

  #execute(): void {
    const { words, offset, type } = this.#log;
    const value = words[offset >> 2];
    const discard = words[(offset >> 2) + 1] === 1;
    switch (type) {
      case LOG_RELEASE:
        if (!this.#owns(value)) break;
        this.sessions.release(value - this.sessions.first);
        break;
      case LOG_CLOSE:
        if (this.#owns(value)) this.#end(value - this.sessions.first, REASON_FORCED_CLOSE, DESCRIPTION_NONE, discard);
        break;
      case LOG_MOVED: {
        const to = words[(offset >> 2) + 1];
        if (this.#owns(value)) this.#desk.upgrades.handOver(value - this.sessions.first);
        if (this.#owns(to)) this.#desk.candidates.moved(to - this.sessions.first);
        break;
      }
      case LOG_CLOSE_SERVER:
        this.#closeServer(value);
        break;
      case LOG_STOP:
        this.#stopped = true;
        for (const server of this.#desk.servers()) this.#markClosing(server);
        this.#host.stop();
        break;
      case LOG_THREAD_DOWN:
        if (value !== this.#task.ioThread) this.#desk.candidates.threadDown(value);
        break;
      default:
        throw new RangeError(`log record of unknown type ${type}`);
    }
    this.#commit();
  }

  #owns(slot: number): boolean {
    return slot >= this.sessions.first && slot < this.sessions.first + this.sessions.count;
  }

  // ── servers ──

  openServer(spec: ServerSpec): void {
    this.#inboundBudget = Math.max(this.#inboundBudget, 2 * spec.maxHttpBufferSize);
    this.#desk.openServer(spec);
  }

  /** The application uses other hooks now, HOOK_*. */
  setHooks(server: number, hooks: number, origins: OriginsRule | null): void {
    this.#desk.setHooks(server, hooks, origins);
  }

  /** More strangers of this network, of all with null, are let in no longer, or again. */
  blockStrangers(server: number, network: string | null, blocked: boolean): void {
    this.#desk.blockStrangers(server, network, blocked);
  }

  /** What the app thread says of a parked request. */
  verdict(id: number, verdict: Verdict): void {
    this.#questions.answer(id, verdict);
    this.#afterInbound();
  }

  /** Takes the lane to a thread that has been restarted. */
  connectLane(ioThread: number, port: MessagePort): void {
    this.#desk.lanes.connect(ioThread, port);
  }

  closeLanes(): void {
    this.#desk.lanes.close();
  }

  /** This life is over, though its connections are still open: the inbox belongs to the next one from now on. */
  die(): void {
    this.#inbox.seal();
    this.#desk.lanes.close();
  }

  /** How often `tick` wants to be called, in milliseconds. */
  get tickMs(): number {
    return this.#desk.tickMs;
  }

  /** Heartbeats; also keeps the watchdog content while nothing else happens. */
  tick(): void {
    this.#control.beat(this.#thread);
    this.#desk.tick(this.#now());
    this.#afterInbound();
  }

  #closeServer(server: number): void {
    if (!this.#markClosing(server)) return;
    this.#host.closeServer(server);
  }

  #markClosing(server: number): boolean {
    const sessions = this.#desk.server(server);
    if (sessions !== undefined) sessions.closing = true;
    return sessions !== undefined;
  }

  /** Bytes that clients of a server (-1: of all) have not taken yet; those of polling clients leave with their end. */
  bufferedBytes(server: number): number {
    let bytes = 0;
    this.sessions.forEachOpen(server, (local) => {
      bytes += this.sessions.sockets[local]?.getBufferedAmount() ?? 0;
    });
    return bytes;
  }

  /** Ends every session of a closing server and forgets it; returns how many there were. */
  endServer(server: number): number {
    const before = this.sessions.openCount;
    this.sessions.forEachOpen(server, (local) =>
      this.#end(local, REASON_SERVER_SHUTTING_DOWN, DESCRIPTION_NONE, false),
    );
    this.#desk.forgetServer(server);
    return before - this.sessions.openCount;
  }

  // ── uWebSockets.js handlers ──

  http(server: number, request: EngineRequest, exchange: LocalRequest, accept: (receiver: BodyReceiver) => void): void {
    this.#desk.http(server, request, exchange, accept);
    this.#afterInbound();
  }

  /** The body of a post has arrived, or was refused, or its client has gone: `action` says so to its owner. */
  body(action: () => void): void {
    action();
    this.#afterInbound();
  }

  upgrade(server: number, request: EngineRequest, socket: SocketRequest): void {
    this.#desk.upgrade(server, request, socket);
    this.#afterInbound();
  }

  opened(owner: SocketOwner, socket: WebSocketHandle): void {
    owner.opened(socket);
    this.#afterInbound();
  }

  frame(owner: SocketOwner, bytes: Uint8Array, isBinary: boolean): void {
    owner.frame(bytes, isBinary);
    this.#afterInbound();
  }

  closed(owner: SocketOwner, tooBig: boolean): void {
    owner.closed(tooBig);
    this.#afterInbound();
  }

  /** Wakes the coordinator if it has something to read; the budget for what it cannot take yet is kept. */
  #afterInbound(): void {
    if (!this.#inbox.isQueueEmpty) this.#inbox.flush();
    while (this.#inbox.heapBytes > this.#inboundBudget) {
      const slot = this.#inbox.largestUser();
      if (slot < 0) break; // opens and closes only: there are no more of them than slots
      this.#end(slot - this.sessions.first, REASON_TRANSPORT_ERROR, DESCRIPTION_INBOUND_LIMIT, true);
      this.#inbox.dropMessages(slot);
    }
    this.#counters[QUEUED_BYTES] = this.#inbox.queuedBytes;
    if (this.#ringing || this.#inbox.isRead) return;
    this.#ringing = true;
    this.#host.afterHandlers(this.#ring);
  }

  #closeSlow(local: number): void {
    this.#counters[SLOW_CLOSED]++;
    this.#end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_OUTBOUND_LIMIT, true);
  }

  #end(local: number, reason: number, detail: number, discard: boolean): void {
    this.#desk.serverOf(local)?.end(local, reason, detail, { discard });
    this.#coordinatorBell.ring();
  }
}
