/**
 * The last events of one namespace, as encoded packets in the order they were sent. App thread.
 * Bounded in number, bytes and age: what falls out makes an offset unknown, never a gap.
 */
import type { PacketFrames } from '../agents/link.ts';
import type { BroadcastOptions } from './adapter-bridge.ts';

export interface PacketLogLimits {
  readonly maxPackets: number;
  readonly maxBytes: number;
  /** Milliseconds. */
  readonly maxAge: number;
}

interface Entry {
  readonly frames: PacketFrames;
  readonly opts: BroadcastOptions;
  readonly bytes: number;
  /** Ms since the epoch. */
  readonly time: number;
}

/** Offsets are sequence numbers in base 36: short, because they travel with every event. */
const OFFSET = /^[0-9a-z]{1,11}$/;

function bytesOf(frames: PacketFrames): number {
  let bytes = 0;
  for (const frame of frames) bytes += typeof frame === 'string' ? frame.length * 2 : frame.byteLength;
  return bytes;
}

export class PacketLog {
  readonly #limits: PacketLogLimits;
  /** Entry `i` has the sequence number `#first + i`; those before `#dropped` are gone and wait for a cut. */
  #entries: (Entry | undefined)[] = [];
  #first = 0;
  #dropped = 0;
  #bytes = 0;

  constructor(limits: PacketLogLimits) {
    this.#limits = limits;
  }

  /** The offset of the next event to be added. */
  get nextOffset(): string {
    return (this.#first + this.#entries.length).toString(36);
  }

  /** @param now ms since the epoch */
  add(frames: PacketFrames, opts: BroadcastOptions, now: number): void {
    const bytes = bytesOf(frames);
    this.#entries.push({ frames, opts, bytes, time: now });
    this.#bytes += bytes;
    this.expire(now);
    while (this.#entries.length - this.#dropped > this.#limits.maxPackets || this.#bytes > this.#limits.maxBytes) {
      this.#drop();
    }
  }

  /** Forgets what is too old. */
  expire(now: number): void {
    const oldest = now - this.#limits.maxAge;
    while (this.#dropped < this.#entries.length && (this.#entries[this.#dropped]?.time ?? 0) < oldest) this.#drop();
  }

  /**
   * The sequence number of an offset that a client gave.
   *
   * @returns undefined for an offset never given out, or when an event after it is gone
   */
  positionOf(offset: string): number | undefined {
    if (!OFFSET.test(offset)) return undefined;
    const position = Number.parseInt(offset, 36);
    const known = position >= this.#first + this.#dropped - 1 && position < this.#first + this.#entries.length;
    return known ? position : undefined;
  }

  /** Events after `position` that a socket in `rooms` would have got, in order. */
  after(position: number, rooms: ReadonlySet<string>): PacketFrames[] {
    const start = Math.max(position + 1 - this.#first, this.#dropped);
    const missed: PacketFrames[] = [];
    for (let i = start; i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry !== undefined && reaches(entry.opts, rooms)) missed.push(entry.frames);
    }
    return missed;
  }

  #drop(): void {
    this.#bytes -= this.#entries[this.#dropped]?.bytes ?? 0;
    this.#entries[this.#dropped] = undefined;
    this.#dropped++;
    // Cut when half is gone: moving the rest costs as much as adding it did.
    if (this.#dropped * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#dropped);
    this.#first += this.#dropped;
    this.#dropped = 0;
  }
}

function reaches({ rooms: targets, except }: BroadcastOptions, rooms: ReadonlySet<string>): boolean {
  for (const room of except ?? []) if (rooms.has(room)) return false;
  if (targets.size === 0) return true;
  for (const room of targets) if (rooms.has(room)) return true;
  return false;
}
