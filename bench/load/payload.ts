/**
 * The events every server sends, and where the generator finds their fields again: numbers and emit stamp stand at
 * fixed offsets, in decimal, so that a client reads them without parsing JSON. Pure; the same bytes for all servers.
 *
 *   text     42["e","FIELDS xxxx…"]                                     one text frame
 *   json     42["e",{"h":"FIELDS","rows":[{…},{…}]}]                    one text frame
 *   binary   451-["e",{"_placeholder":true,"num":0}]  FIELDS xxxx…      a text frame, then a binary frame
 *
 *   FIELDS   sequence (9) · emit stamp (16) · group (5) · number of the emit among all (9)
 */

export const EVENT_NAME = 'e';
/** The event a client asks with and the server answers. */
export const QUESTION_NAME = 'q';

export type PayloadForm = 'text' | 'json' | 'binary';

/** Nine digits stay below 2^31. The sequence counts within a group. generator/frame-stream.h has the same figures. */
const SEQUENCE_DIGITS = 9;
/** Microseconds of `monotonicMicros`, whole. */
const STAMP_DIGITS = 16;
const GROUP_DIGITS = 5;
const STAMP_AT = SEQUENCE_DIGITS;
const GROUP_AT = STAMP_AT + STAMP_DIGITS;
const EMIT_AT = GROUP_AT + GROUP_DIGITS;
export const FIELDS_BYTES = EMIT_AT + SEQUENCE_DIGITS;

/** How the events of a form lie in WebSocket frames. */
export interface WireForm {
  /** First byte of the frame that carries the fields. */
  readonly firstByte: number;
  /** Length of that frame's payload. */
  readonly eventBytes: number;
  /** The fields, from the start of that frame's payload. */
  readonly fieldsOffset: number;
  /** Length of the text frame before it; 0 when there is none. */
  readonly announcementBytes: number;
}

export const FINAL_TEXT = 0x81;
export const FINAL_BINARY = 0x82;

const PREFIX = `42["${EVENT_NAME}",`;
const ANNOUNCEMENT = `451-["${EVENT_NAME}",{"_placeholder":true,"num":0}]`;
/** A row of the JSON form is about this long. */
const ROW = { id: 10_000, symbol: 'ABCD', bid: 101.25, ask: 101.5, live: true };

export function wireForm(form: PayloadForm, payloadBytes: number): WireForm {
  const sample = new EventWriter(form, payloadBytes).event(0, 0, 0, 0);
  if (Buffer.isBuffer(sample)) {
    return {
      firstByte: FINAL_BINARY,
      eventBytes: payloadBytes,
      fieldsOffset: 0,
      announcementBytes: ANNOUNCEMENT.length,
    };
  }
  const opening = typeof sample === 'string' ? '"' : '{"h":"';
  return {
    firstByte: FINAL_TEXT,
    eventBytes: wireText(sample).length,
    fieldsOffset: PREFIX.length + opening.length,
    announcementBytes: 0,
  };
}

/** The payloads of an event's frames, text as strings, for a server that does not speak Socket.IO by itself. */
export function wireFrames(event: EventPayload): readonly (string | Buffer)[] {
  return Buffer.isBuffer(event) ? [ANNOUNCEMENT, event] : [wireText(event)];
}

function wireText(event: Exclude<EventPayload, Buffer>): string {
  return `${PREFIX}${JSON.stringify(event)}]`;
}

export type EventPayload = string | Buffer | { readonly h: string; readonly rows: readonly object[] };

/** Writes events of one form and length; reuses its scratch bytes so that building a text costs about a microsecond. */
export class EventWriter {
  readonly #form: PayloadForm;
  readonly #scratch: Buffer;
  readonly #rows: object[] = [];

  /** @param payloadBytes of a text or a binary exactly; of JSON about that many. */
  constructor(form: PayloadForm, payloadBytes: number) {
    if (!Number.isInteger(payloadBytes) || payloadBytes < FIELDS_BYTES) {
      throw new RangeError(`payload of ${payloadBytes} bytes, expected a whole number from ${FIELDS_BYTES} on`);
    }
    this.#form = form;
    this.#scratch = Buffer.alloc(form === 'json' ? FIELDS_BYTES : payloadBytes, 'x');
    if (form !== 'json') return;
    const rows = Math.max(1, Math.round((payloadBytes - FIELDS_BYTES) / (JSON.stringify(ROW).length + 1)));
    for (let row = 0; row < rows; row++) this.#rows.push({ ...ROW, id: ROW.id + row });
  }

  event(sequence: number, stampMicros: number, group: number, emit: number): EventPayload {
    this.#digits(0, SEQUENCE_DIGITS, sequence);
    this.#digits(STAMP_AT, STAMP_DIGITS, Math.floor(stampMicros));
    this.#digits(GROUP_AT, GROUP_DIGITS, group);
    this.#digits(EMIT_AT, SEQUENCE_DIGITS, emit);
    // A copy: a server may send the bytes after the call.
    if (this.#form === 'binary') return Buffer.from(this.#scratch);
    const text = this.#scratch.toString('latin1');
    return this.#form === 'text' ? text : { h: text, rows: this.#rows };
  }

  #digits(offset: number, count: number, value: number): void {
    for (let at = offset + count - 1; at >= offset; at--) {
      const rest = Math.floor(value / 10);
      this.#scratch[at] = ZERO + (value - rest * 10);
      value = rest;
    }
  }
}

const ZERO = 48;
