/**
 * The payload layout of one packet inside a log, command or inbox record: how it is written, and the reader of it.
 * Written by the thread that commits the record, read in place by the others; works on shared memory.
 * Never splits a packet: header text and attachments are one sequence of frames.
 *
 *     offset   0                4                              4 + length   next multiple of 4
 *              +----------------+------------------------------+------------+
 *     frame    | length*2 + bin | type byte, then the data     | zeros      |   repeated to the end
 *              +----------------+------------------------------+------------+
 *
 * The first word is an unsigned 32-bit integer, little endian: the length in bytes, type byte included, times two, plus one
 * for a binary frame. An Int32Array of a little endian machine reads it where the record lies on a multiple of 4. The type
 * byte is `4` (0x34) in a text frame and 0x04 in a binary one. So a text frame and a revision 3 binary frame leave as they
 * lie here, and a revision 4 binary frame leaves from its second byte: one encoding for every WebSocket receiver.
 */
import { BINARY_MESSAGE_CODE, MESSAGE_CODE } from './engine-packet.ts';

/** The parts of a Socket.IO packet without engine types: text, then its attachments. */
export type Frames = readonly (string | Uint8Array)[];

export const FRAME_HEADER_BYTES = 4;
/** Every frame begins with the engine packet type. */
export const FRAME_TYPE_BYTES = 1;

/** Text up to this many UTF-16 units is not measured but bounded: three bytes of UTF-8 per unit at most. */
const BOUNDED_TEXT_UNITS = 1024;
const MAX_UTF8_BYTES_PER_UNIT = 3;

const NOTHING = new Uint8Array(0);

/** Exact size in bytes of what `writePacket` writes. Measures every text, one pass more than the bound. */
export function packetByteLength(frames: Frames): number {
  let bytes = 0;
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i];
    bytes += frameBytes(typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length);
  }
  return bytes;
}

/**
 * A size that `writePacket` never exceeds: exact for long text and for binary, up to three times too large for short
 * text. For callers that claim first and commit what was really written: it saves the measuring pass.
 */
export function packetByteBound(frames: Frames): number {
  let bytes = 0;
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i];
    if (typeof frame !== 'string') bytes += frameBytes(frame.length);
    else if (frame.length > BOUNDED_TEXT_UNITS) bytes += frameBytes(Buffer.byteLength(frame));
    else bytes += frameBytes(frame.length * MAX_UTF8_BYTES_PER_UNIT);
  }
  return bytes;
}

/**
 * Writes the frames of one packet. A surrogate without partner becomes U+FFFD.
 *
 * @param target a Buffer, also over shared memory; another Uint8Array costs one view per call. Where it reaches past the claim,
 * the claim must be at least `packetByteLength` or `packetByteBound`
 * @param offset bytes from the start of `target`, a multiple of 4
 * @returns bytes written, a multiple of 4
 * @throws RangeError when the frames do not fit; what was written by then is to be aborted with the claim
 */
export function writePacket(target: Uint8Array, offset: number, frames: Frames): number {
  const memory = Buffer.isBuffer(target) ? target : Buffer.from(target.buffer, target.byteOffset, target.byteLength);
  let at = offset;
  for (let i = 0; i < frames.length; i++) {
    const frame = frames[i];
    at += typeof frame === 'string' ? writeText(memory, at, frame) : writeBinary(memory, at, frame);
  }
  return at - offset;
}

/**
 * Walks the frames that `writePacket` wrote. One reader per thread, set to record after record: it allocates nothing.
 * Reads only inside the range it was given; the bytes must not change meanwhile.
 */
export class FrameReader {
  /** True when the present frame is binary. */
  isBinary = false;
  /** Where the present frame begins, in bytes from the start of the memory given to `reset`: its type byte. */
  offset = 0;
  /** Length of the present frame in bytes, type byte included, so at least 1. */
  length = 0;

  #bytes: Uint8Array = NOTHING;
  #next = 0;
  #end = 0;

  /**
   * Begins a packet.
   *
   * @param bytes memory that holds the record; kept until the next `reset`
   * @param offset where the first frame's header lies, in bytes
   * @param length bytes of all frames together
   * @throws RangeError when the range leaves `bytes`
   */
  reset(bytes: Uint8Array, offset: number, length: number): void {
    if (!(offset >= 0 && length >= 0 && offset + length <= bytes.length)) {
      throw new RangeError(`Frames at ${offset}, ${length} bytes, leave memory of ${bytes.length} bytes.`);
    }
    this.#bytes = bytes;
    this.#next = offset;
    this.#end = offset + length;
    this.isBinary = false;
    this.offset = offset;
    this.length = 0;
  }

  /**
   * Steps to the next frame.
   *
   * @returns false at the end of the packet
   * @throws RangeError when the bytes are no frames: a damaged record is not the same as the end of one
   */
  next(): boolean {
    const at = this.#next;
    const end = this.#end;
    if (at === end) return false;
    const start = at + FRAME_HEADER_BYTES;
    if (start > end) throw damaged(at);
    const bytes = this.#bytes;
    const word = (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
    const length = word >>> 1;
    const next = start + Math.ceil(length / 4) * 4;
    if (length < FRAME_TYPE_BYTES || next > end) throw damaged(at);
    this.isBinary = (word & 1) === 1;
    this.offset = start;
    this.length = length;
    this.#next = next;
    return true;
  }
}

function writeText(memory: Buffer, at: number, text: string): number {
  const start = at + FRAME_HEADER_BYTES + FRAME_TYPE_BYTES;
  if (start > memory.length) throw noRoom();
  // Buffer writes into shared memory in every Node version; TextEncoder.encodeInto does so only in newer ones.
  const written = memory.write(text, start);
  // A text that does not fit is cut without an error, at most three bytes before the end.
  if (memory.length - start - written < MAX_UTF8_BYTES_PER_UNIT + 1 && written !== Buffer.byteLength(text)) {
    throw noRoom();
  }
  memory[at + FRAME_HEADER_BYTES] = MESSAGE_CODE;
  return closeFrame(memory, at, written, 0);
}

function writeBinary(memory: Buffer, at: number, bytes: Uint8Array): number {
  const start = at + FRAME_HEADER_BYTES + FRAME_TYPE_BYTES;
  if (start + bytes.length > memory.length) throw noRoom();
  memory.set(bytes, start);
  memory[at + FRAME_HEADER_BYTES] = BINARY_MESSAGE_CODE;
  return closeFrame(memory, at, bytes.length, 1);
}

/** Fills in the first word and the padding; the size of the whole frame. */
function closeFrame(memory: Buffer, at: number, dataBytes: number, binaryBit: 0 | 1): number {
  const size = frameBytes(dataBytes);
  if (at + size > memory.length) throw noRoom();
  const length = FRAME_TYPE_BYTES + dataBytes;
  for (let pad = at + FRAME_HEADER_BYTES + length; pad < at + size; pad++) memory[pad] = 0;
  memory.writeUInt32LE(length * 2 + binaryBit, at);
  return size;
}

function frameBytes(dataBytes: number): number {
  return (FRAME_HEADER_BYTES + FRAME_TYPE_BYTES + dataBytes + 3) & ~3;
}

function noRoom(): RangeError {
  return new RangeError('The packet does not fit into the memory claimed for it.');
}

function damaged(at: number): RangeError {
  return new RangeError(`No frame begins at byte ${at}: the record is damaged.`);
}
