/**
 * Every record that crosses a thread boundary: type numbers and the words of its payload. Rings and log carry bytes;
 * only the agents know these shapes.
 *
 * A session takes two words, low half first: session numbers never repeat and may outgrow 32 bits.
 */
import type { SessionNumber } from '../session/ids.ts';

// ── commands: app → coordinator ──

/** [session][session][flags][payload bytes] payload */
export const CMD_SEND = 1;
/** [flags][payload bytes][rows][sessions][except rows][except sessions] lists in that order, padded to 8 bytes, payload */
export const CMD_BROADCAST = 2;
/** [session][session][n] rows */
export const CMD_JOIN = 3;
/** [session][session][n] rows */
export const CMD_LEAVE = 4;
/** [row] */
export const CMD_FREE_ROW = 5;
/** [session][session][1: drop what is unsent] */
export const CMD_CLOSE = 6;
/** [server] every session of it ends after what was sent before */
export const CMD_CLOSE_SERVER = 7;

export const CMD_SEND_HEAD_BYTES = 16;
export const CMD_BROADCAST_HEAD_BYTES = 24;
export const CMD_ROWS_HEAD_BYTES = 12;

// ── inbox: I/O thread → coordinator, and events: coordinator → app ──
// One shape for both: the coordinator copies the record and puts the session where the slot was.

/** [slot | session][serial | session][server][sid bytes] sid, request info */
export const EVT_OPEN = 1;
/** [slot | session][– | session][kind][payload bytes] payload */
export const EVT_MESSAGE = 2;
/** [slot | session][– | session][reason][detail] */
export const EVT_CLOSE = 3;
/** [new slot | session][– | session][old slot | –][serial | –] the session's transport is now the WebSocket on the new slot */
export const EVT_UPGRADE = 4;

export const EVT_HEAD_BYTES = 16;
/** First of the two words that each type has for itself: server, kind, reason, old slot. */
export const EVT_WORD_A = 2;
/** Second of them: sid bytes, payload bytes, detail, serial. */
export const EVT_WORD_B = 3;

export const KIND_TEXT = 0;
export const KIND_BINARY = 1;

// ── broadcast log: coordinator → I/O threads ──

/** [payload bytes][deliveries][words of targets][–] targets, padded to 8 bytes, payload */
export const LOG_DATA = 1;
/** [slot][1: drop what is unsent] */
export const LOG_CLOSE = 2;
/** [slot] the slot may be used again */
export const LOG_RELEASE = 3;
/** [server] */
export const LOG_CLOSE_SERVER = 4;
/** [I/O thread] its sessions have ended */
export const LOG_THREAD_DOWN = 5;
/** the last record ever: close everything */
export const LOG_STOP = 6;
/** [old slot][new slot] records before are for the old slot, those after for the new one */
export const LOG_MOVED = 7;

export const LOG_DATA_HEAD_BYTES = 16;
export const LOG_DATA_PAYLOAD_BYTES = 0;
export const LOG_DATA_DELIVERIES = 1;
export const LOG_DATA_TARGET_WORDS = 2;

/*
 * Targets of a data record: two words for each I/O thread, then the lists of all threads in that order.
 *   word 0   > 0: so many slots follow in the lists; < 0: so many bitset words; 0: nobody of this thread
 *   word 1   bitset: number of the first word, in words of the whole slot range
 */
export const TARGET_TABLE_WORDS = 2;

// ── flags of a packet, in the record header: the API's FLAG_* (1, 2), then ours ──

/** The payload travels in a region of its own, posted before the record is published. */
export const FLAG_LARGE = 4;
/** Readers keep a copy of their part of these targets. */
export const FLAG_KEEP = 8;
/** The same targets as the last record with FLAG_KEEP; the record has no targets of its own. */
export const FLAG_SAME = 16;

/** Payloads from this size on travel in a region of their own. */
export const LARGE_PAYLOAD_BYTES = 64 * 1024;

const HALF = 0x1_0000_0000;

export function putSession(words: Int32Array, index: number, session: SessionNumber): void {
  words[index] = session | 0;
  words[index + 1] = Math.floor(session / HALF);
}

export function getSession(words: Int32Array, index: number): SessionNumber {
  return (words[index + 1] * HALF + (words[index] >>> 0)) as SessionNumber;
}

/** Next multiple of 8: where a payload behind lists begins, so that it can be read as words. */
export const align8 = (bytes: number): number => (bytes + 7) & ~7;
