/**
 * Engine.IO packet types, the ready-made control packets, and the classifier of inbound WebSocket frames.
 * Runs on I/O threads for every frame that arrives, so nothing here allocates.
 * Knows nothing of Socket.IO: what a message carries is decoded on the app thread.
 */

/** Packet types as the character they are on the wire. */
export const OPEN = '0';
export const CLOSE = '1';
export const PING = '2';
export const PONG = '3';
export const MESSAGE = '4';
export const UPGRADE = '5';
export const NOOP = '6';

/** The same types as the first byte of a text frame. */
export const OPEN_CODE = 0x30;
export const CLOSE_CODE = 0x31;
export const PING_CODE = 0x32;
export const PONG_CODE = 0x33;
export const MESSAGE_CODE = 0x34;
export const UPGRADE_CODE = 0x35;
export const NOOP_CODE = 0x36;

/** First byte of a text frame that carries a binary message as base64. */
export const BASE64_CODE = 0x62;
/** First byte of every binary frame of revision 3: the type `message` as a number, not as a digit. */
export const BINARY_MESSAGE_CODE = 0x04;

/** Control packets as text frames; shared by all connections of a thread, never written to. */
export const CLOSE_BYTES = ascii(CLOSE);
export const PING_BYTES = ascii(PING);
export const PONG_BYTES = ascii(PONG);
export const PING_PROBE_BYTES = ascii(`${PING}probe`);
export const PONG_PROBE_BYTES = ascii(`${PONG}probe`);
export const NOOP_BYTES = ascii(NOOP);

/** What an inbound frame is. The column on the right says where its payload begins, in bytes. */
export const FRAME_MESSAGE_TEXT = 0; //   1
export const FRAME_MESSAGE_BINARY = 1; // revision 3: 1, revision 4: 0
export const FRAME_MESSAGE_BASE64 = 2; // revision 3: 2, revision 4: 1
export const FRAME_PING = 3; //           1, `probe` or nothing
export const FRAME_PONG = 4; //           1, `probe` or nothing
export const FRAME_CLOSE = 5; //          none
export const FRAME_IGNORED = 6; //        none: open, upgrade, noop
export const FRAME_INVALID = 7; //        none: the session ends with `parse error`

/** Engine.IO protocol revision: 3 is spoken by clients 1.x and 2.x, 4 by clients 3.x and 4.x. */
export type Revision = 3 | 4;

/**
 * Says what an inbound WebSocket frame is, by its first one or two bytes.
 *
 * Only the form is judged. Whether a ping or pong goes the right way for the revision, what a close packet means on a
 * WebSocket, and whether base64 is well formed is for the caller to decide.
 *
 * @param bytes the whole frame, all fragments joined
 * @param isBinary opcode of the frame: true for binary, false for text
 * @returns one of the FRAME_* codes; `payloadOffset` gives the start of a message's payload
 */
export function classifyFrame(bytes: Uint8Array, isBinary: boolean, revision: Revision): number {
  if (isBinary) {
    if (revision === 4) return FRAME_MESSAGE_BINARY;
    return bytes.length > 0 && bytes[0] === BINARY_MESSAGE_CODE ? FRAME_MESSAGE_BINARY : FRAME_INVALID;
  }
  if (bytes.length === 0) return FRAME_INVALID;
  switch (bytes[0]) {
    case MESSAGE_CODE:
      return FRAME_MESSAGE_TEXT;
    case PING_CODE:
      return FRAME_PING;
    case PONG_CODE:
      return FRAME_PONG;
    case BASE64_CODE:
      if (revision === 4) return FRAME_MESSAGE_BASE64;
      return bytes.length > 1 && bytes[1] === MESSAGE_CODE ? FRAME_MESSAGE_BASE64 : FRAME_INVALID;
    case CLOSE_CODE:
      return FRAME_CLOSE;
    case OPEN_CODE:
    case UPGRADE_CODE:
    case NOOP_CODE:
      return FRAME_IGNORED;
    default:
      return FRAME_INVALID;
  }
}

/**
 * Where the payload of a message frame begins, in bytes; never past the end of a frame that was classified as `kind`.
 *
 * @param kind FRAME_MESSAGE_TEXT, FRAME_MESSAGE_BINARY or FRAME_MESSAGE_BASE64
 */
export function payloadOffset(kind: number, revision: Revision): number {
  if (kind === FRAME_MESSAGE_TEXT) return 1;
  const type = revision === 3 ? 1 : 0;
  return kind === FRAME_MESSAGE_BASE64 ? type + 1 : type;
}

function ascii(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}
