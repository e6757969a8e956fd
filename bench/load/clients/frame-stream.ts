/**
 * Reads one client's WebSocket frames as they come off its socket. Generator process, one per client.
 * hot: `consume` allocates nothing and touches only headers and digits; it never sees a whole payload.
 *
 * All sockets read into one area; no two reads overlap on one thread. Bytes of a frame head cut off by the end of
 * a read are carried to just before the next one, so that parsing always runs over contiguous bytes:
 *
 *   |      … carried | read …                          |
 *   0             HEADROOM_BYTES                    readArea.length
 */
import {
  EMIT_AT,
  FIELDS_BYTES,
  FINAL_TEXT,
  GROUP_AT,
  GROUP_DIGITS,
  readDigits,
  SEQUENCE_DIGITS,
  STAMP_AT,
  STAMP_DIGITS,
  type WireForm,
} from '../payload.ts';
import type { ArrivalTimes } from './arrival-times.ts';
import type { SequenceTally } from './sequence-tally.ts';

/** Longest thing carried: an HTTP response head. A frame head, control payload included, is at most 135 bytes. */
export const HEADROOM_BYTES = 4096;
const READ_BYTES = 256 * 1024;

export const readArea = Buffer.allocUnsafeSlow(HEADROOM_BYTES + READ_BYTES);
/** Where sockets read to. */
export const readTarget = readArea.subarray(HEADROOM_BYTES);

/** Longest payload of a control frame (RFC 6455, 5.5); of other frames no more than this is shown to `onOther`. */
const OTHER_HEAD_BYTES = 125;
const MESSAGE = 52; // '4'
const EVENT = 50; // '2'
const BINARY_EVENT = 53; // '5'

/** What all streams of a generator share. */
export interface StreamContext {
  readonly tally: SequenceTally;
  readonly times: ArrivalTimes;
  readonly wire: WireForm;
}

/** Everything that is not an event: Engine.IO and Socket.IO control packets, WebSocket control frames. */
export interface FrameHandler {
  /** The bytes from `start` on, `shown` of them, are valid until it returns. */
  onOther(firstByte: number, start: number, shown: number): void;
  /** The stream cannot be read on. */
  onBroken(reason: string): void;
}

export class FrameStream {
  readonly #client: number;
  readonly #tally: SequenceTally;
  readonly #times: ArrivalTimes;
  readonly #wire: WireForm;
  readonly #handler: FrameHandler;
  /** Made at the first cut; most connections see none while idle. */
  #carry: Buffer | undefined;
  #carried = 0;
  /** Payload bytes still to come of a frame that has been dealt with. */
  #skip = 0;
  /** A text frame has announced the binary one that must come next. */
  #announced = false;

  constructor(client: number, context: StreamContext, handler: FrameHandler) {
    this.#client = client;
    this.#tally = context.tally;
    this.#times = context.times;
    this.#wire = context.wire;
    this.#handler = handler;
  }

  /** Puts carried bytes in front of the `count` just read; returns where the unread bytes begin. */
  uncarry(): number {
    const start = HEADROOM_BYTES - this.#carried;
    if (this.#carried > 0) this.#carry!.copy(readArea, start, 0, this.#carried);
    this.#carried = 0;
    return start;
  }

  /** Keeps the bytes from `start` to `end` for the next read; at most HEADROOM_BYTES. */
  carryOver(start: number, end: number): void {
    this.#carry ??= Buffer.allocUnsafeSlow(HEADROOM_BYTES);
    this.#carried = readArea.copy(this.#carry, 0, start, end);
  }

  /** Deals with the frames between `start` and `end` of the read area. */
  consume(start: number, end: number): void {
    const bytes = readArea;
    const { firstByte, eventBytes, fieldsOffset, announcementBytes } = this.#wire;
    const headBytes = fieldsOffset + FIELDS_BYTES;
    let at = start + this.#skip;

    while (end - at >= 2) {
      const length = frameLength(bytes, at, end);
      if (length < 0) {
        if (length === CUT) break;
        this.#handler.onBroken('masked frame or frame past 4 GB from the server');
        return;
      }
      const body = at + headerBytes(bytes[at + 1]);
      if (bytes[at] === firstByte && length >= headBytes) {
        if (end - body < headBytes) break;
        if (firstByte !== FINAL_TEXT || (bytes[body] === MESSAGE && bytes[body + 1] === EVENT)) {
          if (length === eventBytes) this.#count(body + fieldsOffset);
          else this.#tally.malformed++;
          at = body + length;
          continue;
        }
      }
      if (bytes[at] === FINAL_TEXT && length === announcementBytes) {
        if (end - body < 2) break;
        if (bytes[body] === MESSAGE && bytes[body + 1] === BINARY_EVENT) {
          if (this.#announced) this.#tally.malformed++;
          this.#announced = true;
          at = body + length;
          continue;
        }
      }
      const shown = Math.min(length, OTHER_HEAD_BYTES);
      if (end - body < shown) break;
      this.#handler.onOther(bytes[at], body, shown);
      at = body + length;
    }

    this.#skip = Math.max(0, at - end);
    if (at < end) this.carryOver(at, end);
  }

  /** One event whose fields begin at `fields`. */
  #count(fields: number): void {
    const tally = this.#tally;
    tally.deliveries++;
    if (this.#wire.announcementBytes > 0) {
      if (!this.#announced) tally.malformed++;
      this.#announced = false;
    }
    let stream = this.#client;
    if (tally.groups > 1) {
      const group = readDigits(readArea, fields + GROUP_AT, GROUP_DIGITS);
      if (!(group < tally.groups)) {
        tally.malformed++;
        return;
      }
      stream = stream * tally.groups + group;
      const emit = readDigits(readArea, fields + EMIT_AT, SEQUENCE_DIGITS);
      if (emit < tally.lastEmit[this.#client]) tally.reordered++;
      else tally.lastEmit[this.#client] = emit;
    }
    const sequence = readDigits(readArea, fields, SEQUENCE_DIGITS);
    const due = tally.next[stream];
    tally.next[stream] = sequence === due && due > 0 ? due + 1 : tally.irregular(stream, sequence, due);
    if (this.#times.isDue(sequence)) this.#times.record(readDigits(readArea, fields + STAMP_AT, STAMP_DIGITS));
  }
}

/** The header itself is cut off by the end of the read. */
const CUT = -1;
const REFUSED = -2;

function headerBytes(second: number): number {
  return second < 126 ? 2 : second === 126 ? 4 : 10;
}

/** Payload length of the frame at `at` (RFC 6455, 5.2), or CUT, or REFUSED. At least two bytes must be there. */
function frameLength(bytes: Buffer, at: number, end: number): number {
  const second = bytes[at + 1];
  if (second < 126) return second;
  if (second > 127) return REFUSED;
  if (second === 126) return end - at < 4 ? CUT : (bytes[at + 2] << 8) | bytes[at + 3];
  if (end - at < 10) return CUT;
  return bytes.readUInt32BE(at + 2) === 0 ? bytes.readUInt32BE(at + 6) : REFUSED;
}
