/**
 * Sessions on their way from one slot to another, because their client has switched to a WebSocket there. Coordinator
 * only.
 *
 * What the client sent before lies in the old thread's inbox, what it sends now in the new one's. Rings are not drained
 * across: the tail of the old inbox is noted, the session's records from the new one are stashed, and the move happens
 * once the old inbox has been read past the note.
 */
import type { RoomIndex } from '../rooms/room-index.ts';
import type { SessionNumber } from '../session/ids.ts';
import type { SpscRing } from '../shm/spsc-ring.ts';
import { LOG_CLOSE, LOG_MOVED } from './records.ts';
import type { Sequencer } from './sequencer.ts';
import type { SessionRegistry } from './session-registry.ts';

/** A record taken out of its inbox before its time. */
export interface StashedRecord {
  readonly type: number;
  readonly flags: number;
  readonly bytes: Buffer;
  readonly region: SharedArrayBuffer | undefined;
}

interface Move {
  readonly from: number;
  readonly serial: number;
  readonly to: number;
  /** The old inbox must be read up to here. */
  readonly note: number;
  readonly stash: StashedRecord[];
  moved: boolean;
  /** What the last attempt lacked. */
  lacked: 'log' | 'events' | undefined;
}

export interface MovesParts {
  readonly registry: SessionRegistry;
  readonly index: RoomIndex;
  readonly sequencer: Sequencer;
  readonly inboxOf: (slot: number) => SpscRing;
  readonly threadOf: (slot: number) => number;
  /** The old slot is free; the new one, too, when the move failed. */
  readonly release: (slot: number) => void;
  /** Tells the app thread; false while `events` is full. */
  readonly announce: (session: SessionNumber) => boolean;
  /** Handles a record as if it had just been read; false while `events` is full. */
  readonly replay: (slot: number, record: StashedRecord) => boolean;
}

export class Moves {
  readonly #parts: MovesParts;
  /** By new slot. */
  readonly #moves = new Map<number, Move>();

  constructor(parts: MovesParts) {
    this.#parts = parts;
  }

  get pending(): boolean {
    return this.#moves.size > 0;
  }

  /** An upgrade record was read: the session on `from` with this serial wants to live on `to`. */
  begin(from: number, serial: number, to: number): void {
    const note = this.#parts.inboxOf(from).published;
    this.#moves.set(to, { from, serial, to, note, stash: [], moved: false, lacked: undefined });
  }

  /** Where records of this slot must wait, undefined when they need not. */
  stashFor(slot: number): StashedRecord[] | undefined {
    return this.#moves.get(slot)?.stash;
  }

  /** Carries out what can be; returns how many steps were taken. */
  run(): number {
    let steps = 0;
    for (const move of this.#moves.values()) steps += this.#advance(move);
    return steps;
  }

  /** True when another `run` might get on; a move that waits for its old inbox is woken by that inbox. */
  isReady(logMoved: boolean, eventsOpen: boolean): boolean {
    for (const { lacked } of this.#moves.values()) {
      if ((lacked === 'log' && logMoved) || (lacked === 'events' && eventsOpen)) return true;
    }
    return false;
  }

  /** True while packets of sessions that have moved to this thread wait for room in `events`. */
  holds(ioThread: number): boolean {
    for (const { moved, to } of this.#moves.values()) if (moved && this.#parts.threadOf(to) === ioThread) return true;
    return false;
  }

  /** Forgets moves to the slots of a thread that has died: their sessions stay where they are. */
  drop(ioThread: number): void {
    for (const move of this.#moves.values()) {
      if (this.#parts.threadOf(move.to) === ioThread) this.#moves.delete(move.to);
    }
  }

  #advance(move: Move): number {
    if (!move.moved && !this.#isDue(move)) return 0;
    move.lacked = undefined;
    const { registry, sequencer, threadOf } = this.#parts;
    // Not asked before: the record that opened the session may itself have lain before the note.
    const session = registry.sessionAt(move.from, move.serial);
    if (!move.moved && session === 0) {
      // It ended before it could move: the new thread closes the WebSocket, and its slot was never in use.
      if (!sequencer.control(LOG_CLOSE, threadOf(move.to), move.to, 0)) return this.#lacks(move, 'log');
      this.#moves.delete(move.to);
      this.#parts.release(move.to);
      return 1;
    }
    if (!move.moved && !this.#move(move, session)) return 0;
    let steps = 1;
    while (move.stash.length > 0) {
      if (!this.#parts.replay(move.to, move.stash[0])) {
        move.lacked = 'events';
        return steps;
      }
      move.stash.shift();
      steps++;
    }
    this.#moves.delete(move.to);
    return steps;
  }

  #lacks(move: Move, what: 'log' | 'events'): 0 {
    move.lacked = what;
    return 0;
  }

  #isDue({ from, note }: Move): boolean {
    return ((this.#parts.inboxOf(from).read - note) | 0) >= 0;
  }

  /** Rooms are rebound and both threads told, at one place of the order. */
  #move(move: Move, session: SessionNumber): boolean {
    const { registry, index, sequencer, announce, release } = this.#parts;
    if (!sequencer.hasControlRoom()) return this.#lacks(move, 'log') !== 0;
    if (!announce(session)) return this.#lacks(move, 'events') !== 0;
    sequencer.control(LOG_MOVED, -1, move.from, move.to);
    index.moveSlot(move.from, move.to);
    registry.move(move.from, move.to);
    sequencer.forgetTargets();
    release(move.from);
    move.moved = true;
    return true;
  }
}
