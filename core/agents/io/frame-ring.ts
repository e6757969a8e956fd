/**
 * Frames of the records that are being written, as each kind of receiver needs them. Views of the log: valid until their
 * record is done. Frames are numbered, and lie one beside the other: what is written a thousand times must stay in the
 * processor's cache.
 */
import { FrameReader } from '../../wire/frames.ts';
import { MESSAGE_TYPE } from '../../wire/payload.ts';
import type { QueuedPacket } from './polling-transport.ts';
import { VARIANT_EIO3, VARIANT_EIO3_BASE64, VARIANT_EIO4, VARIANT_EIO4_BASE64, VARIANTS } from './session-table.ts';

/** Numbers go round here: frame n lies at n & mask. */
const NUMBERS = 0x7fff_ffff;
const FIRST_CAPACITY = 64; // a power of two

export class FrameRing {
  #mask = FIRST_CAPACITY - 1;
  #next = 0;
  #count = 0;
  /** Views by variant; base64 ones are made when first needed. */
  #views = Array.from({ length: VARIANTS }, () => emptySlots<Uint8Array>(FIRST_CAPACITY));
  #binary = new Uint8Array(FIRST_CAPACITY);
  /** Copies for queues, one for all that need it; made when first needed. */
  #copies = emptySlots<QueuedPacket>(FIRST_CAPACITY);
  readonly #reader = new FrameReader();

  /** Number of the next frame to be added. */
  get next(): number {
    return this.#next;
  }

  after(frame: number): number {
    return (frame + 1) & NUMBERS;
  }

  /** Adds the frames of the packet that lies in `memory` from `offset` on, `bytes` long. */
  add(memory: Buffer, offset: number, bytes: number): void {
    const reader = this.#reader;
    reader.reset(memory, offset, bytes);
    while (reader.next()) {
      if (this.#count > this.#mask) this.#grow();
      const { isBinary } = reader;
      const at = this.#next & this.#mask;
      const whole = memory.subarray(reader.offset, reader.offset + reader.length);
      this.#views[VARIANT_EIO3][at] = whole;
      this.#views[VARIANT_EIO4][at] = isBinary ? whole.subarray(1) : whole;
      this.#views[VARIANT_EIO3_BASE64][at] = isBinary ? undefined : whole;
      this.#views[VARIANT_EIO4_BASE64][at] = isBinary ? undefined : whole;
      this.#binary[at] = isBinary ? 1 : 0;
      this.#next = this.after(this.#next);
      this.#count++;
    }
  }

  isBinary(frame: number): boolean {
    return this.#binary[frame & this.#mask] === 1;
  }

  /** A frame as its receiver needs it. */
  view(variant: number, frame: number): Uint8Array {
    return this.#views[variant][frame & this.#mask] ?? this.#base64View(variant, frame);
  }

  /** A frame as a packet that outlives its record, for clients that are not written to now. */
  copy(frame: number, compress: boolean): QueuedPacket {
    const at = frame & this.#mask;
    let packet = this.#copies[at];
    if (packet === undefined) {
      const whole = this.#views[VARIANT_EIO3][at] as Uint8Array; // with its type byte, text and binary alike
      packet = { type: MESSAGE_TYPE, binary: this.isBinary(frame), data: Buffer.from(whole.subarray(1)), compress };
      this.#copies[at] = packet;
    }
    return packet;
  }

  /** Forgets the frames before `end`; their memory may be written to again. */
  retire(end: number): void {
    while (this.#count > 0) {
      const first = (this.#next - this.#count) & NUMBERS;
      if (first === end) return;
      const at = first & this.#mask;
      for (const views of this.#views) views[at] = undefined;
      this.#copies[at] = undefined;
      this.#count--;
    }
    this.#next = 0; // the same memory again
  }

  #grow(): void {
    const capacity = (this.#mask + 1) * 2;
    const views = Array.from({ length: VARIANTS }, () => emptySlots<Uint8Array>(capacity));
    const copies = emptySlots<QueuedPacket>(capacity);
    const binary = new Uint8Array(capacity);
    for (let n = 1; n <= this.#count; n++) {
      const frame = (this.#next - n) & NUMBERS;
      const from = frame & this.#mask;
      const to = frame & (capacity - 1);
      for (const [variant, slots] of views.entries()) slots[to] = this.#views[variant][from];
      copies[to] = this.#copies[from];
      binary[to] = this.#binary[from];
    }
    this.#views = views;
    this.#copies = copies;
    this.#binary = binary;
    this.#mask = capacity - 1;
  }

  /** Rare: a client that cannot take binary frames. Made once per record and variant. */
  #base64View(variant: number, frame: number): Uint8Array {
    const at = frame & this.#mask;
    const data = this.#views[VARIANT_EIO4][at] as Uint8Array;
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
    const view = Buffer.from(`${variant === VARIANT_EIO3_BASE64 ? 'b4' : 'b'}${text}`);
    this.#views[variant][at] = view;
    return view;
  }
}

function emptySlots<T>(count: number): (T | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}
