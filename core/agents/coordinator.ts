/**
 * The coordinator: order of everything, room index, session registry. Runs on its own thread, which blocks between
 * calls of `doWork`; knows no client and no user code. It takes memory and ports as arguments, so that a test can walk
 * it on one thread.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { RoomIndex } from '../rooms/room-index.ts';
import { TargetSet } from '../rooms/target-set.ts';
import { DESCRIPTION_THREAD_LOST, REASON_TRANSPORT_ERROR } from '../session/reasons.ts';
import { WordArena } from '../shm/arena.ts';
import { LogWriter } from '../shm/broadcast-log.ts';
import { Control, type Doorbell, STATE_ATTACHING, STATE_BURIED, STATE_DOWN, STATE_RUNNING } from '../shm/control.ts';
import { APP_THREAD, COORDINATOR_THREAD, FIRST_IO_THREAD } from '../shm/layout.ts';
import { takeRegion } from '../shm/region-port.ts';
import { SpscRing } from '../shm/spsc-ring.ts';
import { CommandReader } from './command-reader.ts';
import { EventWriter } from './event-writer.ts';
import { Moves, type StashedRecord } from './moves.ts';
import {
  EVT_CLOSE,
  EVT_OPEN,
  EVT_UPGRADE,
  EVT_WORD_A,
  EVT_WORD_B,
  FLAG_LARGE,
  LOG_RELEASE,
  LOG_STOP,
  LOG_THREAD_DOWN,
} from './records.ts';
import type { CoordinatorTask, NewIoPort } from './segment.ts';
import { Sequencer } from './sequencer.ts';
import { SessionRegistry } from './session-registry.ts';
import { type SlotRange, slotRanges } from './slot-ranges.ts';

/** Records taken from one source in one turn, so that no source starves another. */
const RECORDS_PER_TURN = 256;
/** Part of the log that only control records may use. */
const CONTROL_RESERVE_FRACTION = 8;

export class Coordinator {
  readonly #control: Control;
  readonly #ranges: readonly SlotRange[];
  readonly #inboxes: SpscRing[];
  readonly #ioPorts: MessagePort[];
  readonly #controlPort: MessagePort;
  readonly #events: EventWriter;
  readonly #registry: SessionRegistry;
  readonly #index: RoomIndex;
  readonly #sequencer: Sequencer;
  readonly #commands: CommandReader;
  readonly #moves: Moves;
  readonly #appBell: Doorbell;
  /** Slots whose RELEASE found no room in the log. */
  #unreleased: number[] = [];
  /** Region of an inbox record that `events` had no room for, per I/O thread. */
  readonly #heldRegions: (SharedArrayBuffer | undefined)[];
  #stopWritten = false;
  /** The stop record found no room in the log. */
  #stopWaits = false;
  /** A thread cannot be buried before there is room in the log to say so. */
  #burialWaits = false;

  constructor(task: CoordinatorTask) {
    const { segment } = task;
    const { tuning } = segment;
    this.#control = new Control(segment.control, tuning.ioThreads);
    this.#ranges = slotRanges(tuning.maxConnections, tuning.ioThreads);
    const slots = this.#ranges.reduce((sum, range) => sum + range.count, 0);
    this.#inboxes = segment.inboxes.map((memory) => new SpscRing(memory));
    this.#heldRegions = segment.inboxes.map(() => undefined);
    this.#ioPorts = [...task.ioPorts];
    this.#controlPort = task.controlPort;
    this.#events = new EventWriter(new SpscRing(segment.events, { startsOver: true }), task.appPort);
    this.#registry = new SessionRegistry(slots);
    this.#index = new RoomIndex(slots, new WordArena());
    this.#appBell = this.#control.doorbell(APP_THREAD);
    const log = new LogWriter(segment.log, tuning.logBytes / CONTROL_RESERVE_FRACTION);
    this.#sequencer = new Sequencer(
      log,
      this.#ranges,
      this.#ranges.map((_, i) => this.#control.doorbell(FIRST_IO_THREAD + i)),
      (ioThread, region) => this.#ioPorts[ioThread].postMessage(region),
    );
    this.#commands = new CommandReader({
      ring: new SpscRing(segment.commands),
      port: task.appPort,
      registry: this.#registry,
      index: this.#index,
      targets: new TargetSet(slots),
      sequencer: this.#sequencer,
      threadOf: (slot) => this.#threadOf(slot),
    });
    this.#moves = new Moves({
      registry: this.#registry,
      index: this.#index,
      sequencer: this.#sequencer,
      inboxOf: (slot) => this.#inboxes[this.#threadOf(slot)],
      threadOf: (slot) => this.#threadOf(slot),
      release: (slot) => this.#unreleased.push(slot),
      announce: (session) => this.#events.open && this.#events.upgraded(session),
      replay: (slot, record) => this.#replay(slot, record),
    });
  }

  /** One bounded turn; returns how many records were handled, 0 when there is nothing to do now. */
  doWork(): number {
    this.#control.beat(COORDINATOR_THREAD);
    let work = this.#followThreads();
    this.#events.flush();
    for (let i = 0; i < this.#inboxes.length; i++) work += this.#readInbox(i);
    work += this.#moves.run();
    work += this.#release();
    if (this.#unreleased.length === 0) work += this.#commands.read(RECORDS_PER_TURN);
    if (this.#mayStop()) work++;
    this.#signal(this.#waitsForLog);
    return work;
  }

  /** True once the last record is in the log: nothing may follow. */
  get stopped(): boolean {
    return this.#stopWritten;
  }

  /**
   * True when a turn would find something, for the check between `prepareSleep` and sleeping.
   *
   * hot: asked again and again by a thread that looks for work; nothing is allocated, or its garbage would be collected
   * two hundred times a second, on cores that others need.
   */
  hasWork(): boolean {
    const waitsForLog = this.#waitsForLog;
    if (waitsForLog ? this.#sequencer.gateMoved() : !this.#commands.idle) return true;
    if (!waitsForLog && this.#control.stopRequested && !this.#stopWritten) return true;
    if (this.#events.canFlush) return true;
    const canForward = this.#events.open;
    if (this.#moves.isReady(this.#sequencer.gateMoved(), canForward)) return true;
    if (canForward && this.#hasInbound()) return true;
    for (let i = 0; i < this.#ranges.length; i++) {
      const state = this.#control.state(FIRST_IO_THREAD + i);
      if (state === STATE_ATTACHING) return true;
      if (state === STATE_DOWN && !this.#burialWaits && (canForward || this.#sequencer.isLive(i))) return true;
    }
    return false;
  }

  #hasInbound(): boolean {
    for (const inbox of this.#inboxes) if (!inbox.isEmpty()) return true;
    return false;
  }

  /** Something is held back until a cursor moves. */
  get #waitsForLog(): boolean {
    return this.#commands.gated || this.#unreleased.length > 0 || this.#stopWaits || this.#burialWaits;
  }

  #threadOf(slot: number): number {
    return Math.floor(slot / this.#ranges[0].count); // all ranges are equal
  }

  // ── life and death of I/O threads ──

  #followThreads(): number {
    let work = 0;
    this.#burialWaits = false;
    for (let i = 0; i < this.#ranges.length; i++) {
      const thread = FIRST_IO_THREAD + i;
      const state = this.#control.state(thread);
      if (state === STATE_ATTACHING) {
        this.#adoptPort(i);
        this.#sequencer.attach(i);
        this.#control.setState(thread, STATE_RUNNING);
        work++;
      } else if (state === STATE_DOWN) {
        this.#sequencer.detach(i);
        if (this.#readInbox(i) > 0 || !this.#inboxes[i].isEmpty()) continue; // the committed rest comes first
        if (this.#moves.holds(i)) continue;
        if (!this.#sequencer.hasControlRoom()) this.#burialWaits = true;
        if (this.#burialWaits) continue;
        this.#bury(i);
        this.#control.setState(thread, STATE_BURIED);
        work++;
      }
    }
    return work;
  }

  /** A restarted thread brings a new port; regions posted on the old one died with it. */
  #adoptPort(ioThread: number): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#controlPort);
      if (received === undefined) return;
      const { ioThread: owner, port } = received.message as NewIoPort;
      this.#ioPorts[owner] = port;
      if (owner === ioThread) this.#heldRegions[ioThread] = undefined;
    }
  }

  #bury(ioThread: number): void {
    this.#moves.drop(ioThread);
    const { first, count } = this.#ranges[ioThread];
    for (let slot = first; slot < first + count; slot++) {
      const session = this.#registry.sessionOn(slot);
      if (session === 0) continue;
      this.#forget(slot);
      this.#events.close(session, REASON_TRANSPORT_ERROR, DESCRIPTION_THREAD_LOST);
    }
    // The successor begins with all slots free: a late RELEASE would free one that it has given to a new client.
    this.#unreleased = this.#unreleased.filter((slot) => this.#threadOf(slot) !== ioThread);
    this.#sequencer.control(LOG_THREAD_DOWN, -1, ioThread);
  }

  // ── inbox → events ──

  #readInbox(ioThread: number): number {
    const inbox = this.#inboxes[ioThread];
    let read = 0;
    while (read < RECORDS_PER_TURN && this.#events.open && inbox.next()) {
      if (!this.#forward(inbox, ioThread)) {
        inbox.unread();
        break;
      }
      read++;
    }
    if (read > 0) inbox.free();
    return read;
  }

  /** False when `events` is full; the record then stays in its inbox. */
  #forward(inbox: SpscRing, ioThread: number): boolean {
    const word = inbox.offset >> 2;
    const slot = inbox.words[word];
    const stash = this.#moves.stashFor(slot);
    if (stash !== undefined) {
      const { type, flags, offset, length } = inbox;
      const bytes = Buffer.from(inbox.bytes.subarray(offset, offset + length));
      stash.push({ type, flags, bytes, region: this.#takeRegion(inbox, ioThread) });
      return true;
    }
    if (inbox.type === EVT_OPEN) {
      const session = this.#registry.open(slot, inbox.words[word + EVT_WORD_A], inbox.words[word + 1]);
      if (this.#events.forward(inbox, session, undefined)) return true;
      this.#registry.close(slot); // the number is lost, which is fine: numbers only must not repeat
      return false;
    }
    if (inbox.type === EVT_UPGRADE) {
      this.#moves.begin(inbox.words[word + EVT_WORD_A], inbox.words[word + EVT_WORD_B], slot);
      return true;
    }
    const region = this.#takeRegion(inbox, ioThread);
    const session = this.#registry.sessionOn(slot);
    if (session === 0) return true; // it has moved away, or never came to be: this thread does not own it
    if (!this.#events.forward(inbox, session, region)) {
      this.#heldRegions[ioThread] = region;
      return false;
    }
    if (inbox.type === EVT_CLOSE) this.#ended(slot);
    return true;
  }

  /** The region that the inbox record names, from the port or from the last attempt. */
  #takeRegion(inbox: SpscRing, ioThread: number): SharedArrayBuffer | undefined {
    if ((inbox.flags & FLAG_LARGE) === 0) return undefined;
    const region = this.#heldRegions[ioThread] ?? takeRegion(this.#ioPorts[ioThread]);
    this.#heldRegions[ioThread] = undefined;
    return region;
  }

  /** A record of a session that has moved, stashed until it had. */
  #replay(slot: number, record: StashedRecord): boolean {
    const session = this.#registry.sessionOn(slot);
    if (session === 0) return true;
    if (!this.#events.open || !this.#events.replay(record, session)) return false;
    if (record.type === EVT_CLOSE) this.#ended(slot);
    return true;
  }

  #ended(slot: number): void {
    this.#forget(slot);
    this.#unreleased.push(slot);
  }

  /** Takes a slot out of every row at this place of the order. */
  #forget(slot: number): void {
    this.#index.removeSlot(slot);
    this.#registry.close(slot);
    this.#sequencer.forgetTargets();
  }

  #release(): number {
    let done = 0;
    while (done < this.#unreleased.length) {
      // Releases can wait; the end of each thread must find room behind them.
      if (!this.#sequencer.hasControlRoom(1 + this.#ranges.length)) break;
      const slot = this.#unreleased[done];
      if (!this.#sequencer.control(LOG_RELEASE, this.#threadOf(slot), slot)) break;
      done++;
    }
    if (done > 0) this.#unreleased.splice(0, done);
    return done;
  }

  // ── wake-ups and the end ──

  #signal(gated: boolean): void {
    this.#sequencer.ring();
    if (this.#control.gated !== gated) this.#control.gated = gated;
    const blocked = !this.#events.open || this.#hasInbound();
    if (this.#control.eventsBlocked !== blocked) this.#control.eventsBlocked = blocked;
    const drained = this.#control.wantDrain && this.#commands.idle;
    if (this.#events.takeWritten() > 0 || drained) this.#appBell.ring();
  }

  /** On a stop request: the commands first, then the one record after which the I/O threads close everything. */
  #mayStop(): boolean {
    if (this.#stopWritten || !this.#control.stopRequested || !this.#commands.idle) return false;
    this.#stopWritten = this.#sequencer.control(LOG_STOP, -1);
    this.#stopWaits = !this.#stopWritten;
    return this.#stopWritten;
  }
}
