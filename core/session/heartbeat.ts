/**
 * Who is pinged and who has been silent too long, for the sessions of one I/O thread that share one server's options.
 * Runs wholly in the I/O thread: a busy app thread or a heavy fan-out times nobody out.
 * Takes the clock and the effects as arguments; slots are counted from the thread's first one (0 is that one).
 *
 *     state               when due                            on a packet    on a pong
 *     ------------------  ----------------------------------  -------------  ----------------
 *     resting             ping, then awaiting                 stays          resting, anew
 *     awaiting            expire (after a stall: overdue)     prolonged      resting
 *     prolonged           expire (after a stall: overdue)     stays          resting
 *     awaiting, overdue   expire                              prolonged      resting
 *     listening           heard meanwhile: listening, else    notes time     the same
 *                         expire (after a stall: overdue)
 *     listening, overdue  heard meanwhile: listening, else    notes time     the same
 *                         expire
 *     expected            –                                   notes it       notes it
 *
 * The first four are revision 4, where the server pings; the next two are revision 3, where the client does. Expected is a
 * session of either that is moving here: what it sends meanwhile counts once its deadline has arrived.
 *
 * After a stall of the loop its timers run before its sockets are read, so the pong that saves a client may be waiting unread.
 * A deadline found in such a call makes the slot overdue instead of expired; if nothing was read from it by the next tick, it
 * expires then, however late that tick is.
 */
import { HeartbeatWheel } from './heartbeat-wheel.ts';

export interface HeartbeatOptions {
  /** Milliseconds between two pings. */
  readonly pingInterval: number;
  /** Milliseconds the other side has to answer one. */
  readonly pingTimeout: number;
}

const CLOSED = 0;
/** Revision 3. */
const LISTENING = 1;
const LISTENING_OVERDUE = 2;
/** Revision 4. */
const RESTING = 3;
const AWAITING = 4;
const PROLONGED = 5;
const AWAITING_OVERDUE = 6;
/** Moving here; nothing was read yet, or a packet, or a pong. */
const EXPECTED = 7;
const EXPECTED_HEARD = 8;
const EXPECTED_ANSWERED = 9;

/** A deadline is met at most one tick late; a tick is this part of the shorter period, within these limits. */
const TICKS_PER_PERIOD = 10;
const MIN_TICK_MS = 5;
const MAX_TICK_MS = 100;
/** A call that comes this many ticks after the last one follows a stall. */
const STALL_TICKS = 4;

export class Heartbeat {
  /** How often `advance` wants to be called, in milliseconds. */
  readonly tickMs: number;

  readonly #pingInterval: number;
  readonly #pingTimeout: number;
  readonly #wheel: HeartbeatWheel;
  readonly #state: Uint8Array;
  /** Revision 3: when the last packet was read, in milliseconds. */
  readonly #lastPacket: Float64Array;
  #lastAdvance: number;

  /** Arguments of the running `advance`, kept here so that a call needs no closure. */
  #now = 0;
  #stalled = false;
  #ping: (slot: number) => void = unset;
  #expire: (slot: number) => void = unset;
  readonly #onDue = (slot: number): void => this.#due(slot);

  /**
   * @param slots number of slots of the thread
   * @param now the present in monotonic milliseconds, as in all calls
   */
  constructor(slots: number, { pingInterval, pingTimeout }: HeartbeatOptions, now: number) {
    this.#pingInterval = pingInterval;
    this.#pingTimeout = pingTimeout;
    const tickMs = Math.floor(Math.min(pingInterval, pingTimeout) / TICKS_PER_PERIOD);
    this.tickMs = Math.min(Math.max(tickMs, MIN_TICK_MS), MAX_TICK_MS);
    this.#wheel = new HeartbeatWheel(slots, this.tickMs, now);
    this.#state = new Uint8Array(slots);
    this.#lastPacket = new Float64Array(slots);
    this.#lastAdvance = now;
  }

  /**
   * Starts the heartbeat of a session.
   *
   * @throws RangeError when the slot is open already
   */
  open(slot: number, revision: 3 | 4, now: number): void {
    if (this.#state[slot] !== CLOSED) throw new RangeError(`The heartbeat of slot ${slot} is open already.`);
    if (revision === 3) {
      this.#state[slot] = LISTENING;
      this.#lastPacket[slot] = now;
      this.#wheel.schedule(slot, now + this.#pingInterval + this.#pingTimeout);
    } else {
      this.#rest(slot, now);
    }
  }

  /** A packet of any type was read from the session. Without effect on a slot that is not open. */
  packet(slot: number, now: number): void {
    switch (this.#state[slot]) {
      case LISTENING:
      case LISTENING_OVERDUE:
        // hot: the deadline in the wheel stays as it is and is compared with this when it comes.
        this.#lastPacket[slot] = now;
        break;
      case AWAITING:
      case AWAITING_OVERDUE:
        this.#state[slot] = PROLONGED;
        this.#wheel.schedule(slot, now + this.#pingTimeout);
        break;
      case EXPECTED:
        this.#state[slot] = EXPECTED_HEARD;
        break;
    }
  }

  /** A pong was read from the session; `packet` need not be called too. On revision 3 it counts as any packet. */
  pong(slot: number, now: number): void {
    const state = this.#state[slot];
    if (state === AWAITING || state === PROLONGED || state === AWAITING_OVERDUE || state === RESTING) {
      this.#rest(slot, now);
    } else if (state === EXPECTED || state === EXPECTED_HEARD) {
      this.#state[slot] = EXPECTED_ANSWERED;
    } else {
      this.packet(slot, now);
    }
  }

  /**
   * Takes a session out to continue on another thread: its deadline travels along.
   *
   * @returns what `arrive` wants there; undefined when the slot is not open
   */
  leave(slot: number, now: number): { phase: number; remaining: number } | undefined {
    const phase = this.#state[slot];
    if (phase === CLOSED) return undefined;
    const due =
      phase === LISTENING ? this.#lastPacket[slot] + this.#pingInterval + this.#pingTimeout : this.#wheel.due(slot);
    this.close(slot);
    return { phase, remaining: Math.max(0, due - now) };
  }

  /** A session is moving to this slot: packets and pongs that are read before `arrive` count then. */
  expect(slot: number): void {
    if (this.#state[slot] !== CLOSED) throw new RangeError(`The heartbeat of slot ${slot} is open already.`);
    this.#state[slot] = EXPECTED;
  }

  /**
   * Continues a session that `leave` took out elsewhere.
   *
   * @throws RangeError when the slot is open already
   */
  arrive(slot: number, { phase, remaining }: { phase: number; remaining: number }, now: number): void {
    const heard = this.#state[slot];
    if (heard !== CLOSED && heard < EXPECTED) throw new RangeError(`The heartbeat of slot ${slot} is open already.`);
    this.#state[slot] = phase;
    this.#lastPacket[slot] = now + remaining - this.#pingInterval - this.#pingTimeout;
    this.#wheel.schedule(slot, now + remaining);
    if (heard === EXPECTED_HEARD) this.packet(slot, now);
    else if (heard === EXPECTED_ANSWERED) this.pong(slot, now);
  }

  /** Ends the heartbeat of a session; without effect on a slot that is not open. */
  close(slot: number): void {
    this.#state[slot] = CLOSED;
    this.#wheel.cancel(slot);
  }

  /**
   * Does what has come due. Both functions may open and close any slot.
   *
   * @param ping sends a ping to a slot of revision 4
   * @param expire ends a session with `ping timeout`; its slot is closed here already
   */
  advance(now: number, ping: (slot: number) => void, expire: (slot: number) => void): void {
    this.#now = now;
    this.#stalled = now - this.#lastAdvance > STALL_TICKS * this.tickMs;
    this.#lastAdvance = now;
    this.#ping = ping;
    this.#expire = expire;
    this.#wheel.advance(now, this.#onDue);
  }

  #due(slot: number): void {
    switch (this.#state[slot]) {
      case RESTING:
        // The deadline counts from the sending, and stands before the call: `ping` may find the client gone and close.
        this.#state[slot] = AWAITING;
        this.#wheel.schedule(slot, this.#now + this.#pingTimeout);
        this.#ping(slot);
        break;
      case AWAITING:
      case PROLONGED:
        this.#overdue(slot, AWAITING_OVERDUE);
        break;
      case LISTENING:
        if (!this.#listenOn(slot)) this.#overdue(slot, LISTENING_OVERDUE);
        break;
      case LISTENING_OVERDUE:
        if (!this.#listenOn(slot)) this.#end(slot);
        break;
      case AWAITING_OVERDUE:
        this.#end(slot);
        break;
    }
  }

  /** Revision 3: waits on if a packet came since the deadline was set. */
  #listenOn(slot: number): boolean {
    const deadline = this.#lastPacket[slot] + this.#pingInterval + this.#pingTimeout;
    if (deadline <= this.#now) return false;
    this.#state[slot] = LISTENING;
    this.#wheel.schedule(slot, deadline);
    return true;
  }

  /** Ends the session, or after a stall gives its socket one turn to be read. */
  #overdue(slot: number, overdueState: number): void {
    if (!this.#stalled) {
      this.#end(slot);
      return;
    }
    this.#state[slot] = overdueState;
    this.#wheel.schedule(slot, this.#now);
  }

  #end(slot: number): void {
    this.#state[slot] = CLOSED;
    this.#expire(slot);
  }

  /** Revision 4: no ping is out; the next one goes after the interval, counted from now. */
  #rest(slot: number, now: number): void {
    this.#state[slot] = RESTING;
    this.#wheel.schedule(slot, now + this.#pingInterval);
  }
}

function unset(): void {}
