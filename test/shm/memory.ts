/**
 * Rings and logs for tests: made at a position of choice, written and read as plain values. Test processes and the
 * threads of the race tests run it.
 */
import { EngineError } from '../../core/errors.ts';
import { createLog, LogReader, LogWriter } from '../../core/shm/broadcast-log.ts';
import { LOG_TAIL_OFFSET, RING_HEAD_OFFSET, RING_TAIL_OFFSET } from '../../core/shm/layout.ts';
import { SpscRing } from '../../core/shm/spsc-ring.ts';

/** Bytes of the small rings and logs most tests use. Records have at most 32 bytes with header, so payloads at most 24. */
export const CAPACITY = 256;
export const MAX_PAYLOAD = 24;
/** The same capacity as positions count it. */
export const UNITS = CAPACITY / 8;

/** For `assert.throws`: an error of ours with that code. */
export const coded = (code: string, text: RegExp) => (error: unknown) =>
  error instanceof EngineError && error.code === code && text.test(error.message);

/** One record as a value. */
export interface Plain {
  readonly type: number;
  readonly flags: number;
  readonly bytes: readonly number[];
}

/** A position shortly before the 32-bit counter turns negative, and one shortly before it comes back to zero. */
export const WRAP_POSITIONS: readonly number[] = [0x7fff_ffff - 40, -40];

/** An empty ring whose producer and consumer have come to `position`. */
export function ringMemory(capacity: number, position = 0): SharedArrayBuffer {
  const memory = SpscRing.create(capacity);
  const words = new Int32Array(memory);
  words[(capacity + RING_TAIL_OFFSET) >> 2] = position;
  words[(capacity + RING_HEAD_OFFSET) >> 2] = position;
  return memory;
}

export function ringAt(
  capacity: number,
  position = 0,
  startsOver = false,
): { memory: SharedArrayBuffer; producer: SpscRing; consumer: SpscRing } {
  const memory = ringMemory(capacity, position);
  return { memory, producer: new SpscRing(memory, { startsOver }), consumer: new SpscRing(memory) };
}

/** Claims, fills and commits; false when there is no room. */
export function put(ring: SpscRing, { type, flags, bytes }: Plain): boolean {
  const at = ring.claim(type, flags, bytes.length);
  if (at < 0) return false;
  ring.bytes.set(bytes, at);
  ring.commit();
  return true;
}

/** The next record of a ring or a log reader as a value; undefined when there is none. */
export function take(source: SpscRing | LogReader): Plain | undefined {
  if (!source.next()) return undefined;
  const { type, flags, offset, length } = source;
  return { type, flags, bytes: [...source.bytes.subarray(offset, offset + length)] };
}

/** An empty log whose writer has come to `position`, and readers attached there. */
export function logAt(
  capacity: number,
  readers: number,
  { position = 0, reserveBytes = 0 } = {},
): { memory: SharedArrayBuffer; writer: LogWriter; readers: LogReader[] } {
  const memory = createLog(capacity);
  new Int32Array(memory)[(capacity + LOG_TAIL_OFFSET) >> 2] = position;
  const writer = new LogWriter(memory, reserveBytes);
  const attached = Array.from({ length: readers }, (_, reader) => {
    writer.attach(reader);
    return new LogReader(memory, reader);
  });
  return { memory, writer, readers: attached };
}

/** Claims, fills and commits; false while a reader is in the way. */
export function append(writer: LogWriter, { type, flags, bytes }: Plain, control = false): boolean {
  const at = writer.claim(type, flags, bytes.length, control);
  if (at < 0) return false;
  writer.bytes.set(bytes, at);
  writer.commit();
  return true;
}

/** A record of this many bytes that differ from those of its neighbours. */
export function plain(number: number, byteLength: number): Plain {
  return {
    type: 1 + (number % 255),
    flags: number & 0xff_ffff,
    bytes: Array.from({ length: byteLength }, (_, i) => (number * 31 + i * 7 + 1) & 0xff),
  };
}
