/**
 * WebSocket frames that are wrong or odd by RFC 6455, after a good handshake.
 */
import type { Case } from '../case.ts';
import { binary, close, frame, text } from '../frame-bytes.ts';
import { LIMIT_BYTES } from '../houses.ts';
import { alive, closing, joined, type Notes, say, send } from '../steps.ts';

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const PING = 9;
const PONG = 10;

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');
const event = (length: number): string => `42["m","${'x'.repeat(length - 9)}"]`;

/** Sends these frames; the connection is then ended, or works. */
const row = (id: string, name: string, frames: Buffer[], notes: Notes = {}): Case => ({
  id: `frame-${id}`,
  name,
  revision: 4,
  steps: [joined(4), send(...frames), alive],
  ...notes,
});

const cut = (id: string, name: string, frames: Buffer[], how: 'end' | 'reset', notes: Notes = {}): Case => ({
  id: `frame-${id}`,
  name,
  revision: 4,
  steps: [joined(4), send(...frames), { do: how, socket: 'a' }, ...(how === 'end' ? [closing] : [])],
  ...notes,
});

export const FRAME_CASES: readonly Case[] = [
  row('rsv1', 'a frame marked as compressed where nothing was negotiated', [
    frame({ opcode: TEXT, rsv: 4, payload: '42["a"]' }),
  ]),
  row('rsv2', 'a frame with the second reserved bit', [frame({ opcode: TEXT, rsv: 2, payload: '42["a"]' })]),
  row('rsv3', 'a frame with the third reserved bit', [frame({ opcode: TEXT, rsv: 1, payload: '42["a"]' })]),
  row('unmasked', 'a frame without mask', [frame({ opcode: TEXT, masked: false, payload: '42["a"]' })]),
  row('opcode-3', 'a data frame of an unknown opcode', [frame({ opcode: 3, payload: '42["a"]' })]),
  row('opcode-11', 'a control frame of an unknown opcode', [frame({ opcode: 11 })]),
  row('ping', 'a WebSocket ping is answered with its payload', [frame({ opcode: PING, payload: 'hello' })]),
  row('ping-125', 'a WebSocket ping as long as may be', [frame({ opcode: PING, payload: 'p'.repeat(125) })]),
  row('ping-126', 'a WebSocket ping that is too long', [frame({ opcode: PING, payload: 'p'.repeat(126) })]),
  row('ping-fragmented', 'a WebSocket ping in fragments', [frame({ opcode: PING, fin: false, payload: 'a' })]),
  row('pong-unasked', 'a WebSocket pong nobody asked for', [frame({ opcode: PONG, payload: 'x' })]),
  row('continuation-alone', 'a continuation of nothing', [frame({ opcode: CONTINUATION, payload: '42["a"]' })]),
  row('text-inside-fragments', 'a new message inside a fragmented one', [
    frame({ opcode: TEXT, fin: false, payload: '42[' }),
    frame({ opcode: TEXT, payload: '"a"]' }),
  ]),
  row('binary-inside-fragments', 'a binary message inside a fragmented text', [
    frame({ opcode: TEXT, fin: false, payload: '42[' }),
    frame({ opcode: BINARY, payload: '"a"]' }),
  ]),
  row('fragments', 'a message in three fragments', [
    frame({ opcode: TEXT, fin: false, payload: '42["' }),
    frame({ opcode: CONTINUATION, fin: false, payload: 'a' }),
    frame({ opcode: CONTINUATION, payload: '"]' }),
  ]),
  row('fragments-empty', 'fragments without content', [
    frame({ opcode: TEXT, fin: false }),
    frame({ opcode: CONTINUATION, fin: false, payload: '42["a"]' }),
    frame({ opcode: CONTINUATION, fin: false }),
    frame({ opcode: CONTINUATION }),
  ]),
  row('fragments-of-one-byte', 'a message in fragments of one byte', [
    frame({ opcode: TEXT, fin: false, payload: '4' }),
    ...[...'2["abcdefgh"]'].map((payload) => frame({ opcode: CONTINUATION, fin: false, payload })),
    frame({ opcode: CONTINUATION }),
  ]),
  row('ping-inside-fragments', 'a WebSocket ping between fragments', [
    frame({ opcode: TEXT, fin: false, payload: '42["' }),
    frame({ opcode: PING, payload: 'now' }),
    frame({ opcode: CONTINUATION, payload: 'a"]' }),
  ]),
  row('utf8-bad', 'text that is no UTF-8', [frame({ opcode: TEXT, payload: bytes('34325b22ff225d') })]),
  row('utf8-overlong', 'text with an overlong encoding', [frame({ opcode: TEXT, payload: bytes('34325b22c080225d') })]),
  row('utf8-surrogate', 'text with an encoded surrogate', [
    frame({ opcode: TEXT, payload: bytes('34325b22eda080225d') }),
  ]),
  row('utf8-beyond', 'text with a character beyond U+10FFFF', [
    frame({ opcode: TEXT, payload: bytes('34325b22f4908080225d') }),
  ]),
  row('utf8-cut', 'text that ends inside a character', [frame({ opcode: TEXT, payload: bytes('34325b22e282') })]),
  row('utf8-split', 'a character split between two fragments', [
    frame({ opcode: TEXT, fin: false, payload: bytes('34325b22e2') }),
    frame({ opcode: CONTINUATION, payload: bytes('82ac225d') }),
  ]),
  row('utf8-bad-split', 'bad UTF-8 in the second fragment', [
    frame({ opcode: TEXT, fin: false, payload: '42["' }),
    frame({ opcode: CONTINUATION, payload: bytes('ff225d') }),
  ]),
  row('at-limit', 'a message exactly as long as allowed', [text(event(LIMIT_BYTES))]),
  row('over-limit', 'a message one byte too long', [text(event(LIMIT_BYTES + 1))]),
  row('over-limit-binary', 'a binary message one byte too long', [binary(Buffer.alloc(LIMIT_BYTES + 1))]),
  row('over-limit-fragments', 'fragments that are too long together', [
    frame({ opcode: TEXT, fin: false, payload: event(LIMIT_BYTES) }),
    frame({ opcode: CONTINUATION, payload: 'x' }),
  ]),
  row('length-over-limit', 'a header that announces too much, alone', [
    frame({ opcode: TEXT, claims: 10_000_000n, lengthBits: 64 }),
  ]),
  row('length-2-63', 'a header that announces 2^63 bytes', [
    frame({ opcode: TEXT, claims: 1n << 63n, lengthBits: 64 }),
  ]),
  row('length-2-53', 'a header that announces 2^53 bytes', [
    frame({ opcode: TEXT, claims: 1n << 53n, lengthBits: 64 }),
  ]),
  row('length-overlong-16', 'a short length in the 16-bit form', [
    frame({ opcode: TEXT, payload: '42["a"]', lengthBits: 16 }),
  ]),
  row('length-overlong-64', 'a short length in the 64-bit form', [
    frame({ opcode: TEXT, payload: '42["a"]', lengthBits: 64 }),
  ]),
  row('close-empty', 'a close frame without code', [close()]),
  row('close-1000', 'a close frame that says all is well', [close(1000)]),
  row('close-1001-reason', 'a close frame with a reason', [close(1001, 'bye')]),
  row('close-3000', 'a close frame with a code of a library', [close(3000)]),
  row('close-one-byte', 'a close frame with half a code', [frame({ opcode: 8, payload: 'x' })]),
  row('close-1005', 'a close frame with the code that stands for none', [close(1005)]),
  row('close-1006', 'a close frame with the code that stands for a lost connection', [close(1006)]),
  row('close-999', 'a close frame with a code below the range', [close(999)]),
  row('close-5000', 'a close frame with a code above the range', [close(5000)]),
  row('close-bad-utf8', 'a close frame whose reason is no UTF-8', [close(1000, bytes('ff'))]),
  row('close-too-long', 'a close frame with more than 125 bytes', [close(1000, 'r'.repeat(124))]),
  row('close-then-event', 'an event behind a close frame', [close(1000), text('42["a"]')]),
  row('event-then-close', 'an event right before a close frame', [text('42["a"]'), close(1000)]),
  row(
    'many-events',
    'a hundred events in one write',
    Array.from({ length: 100 }, () => text('42["a"]')),
  ),
  cut('end', 'the end of the stream without a close frame', [], 'end'),
  cut('end-after-event', 'an event right before the end of the stream', [text('42["a"]')], 'end'),
  cut('end-in-header', 'the end of the stream inside a frame header', [bytes('81fe00')], 'end'),
  cut('end-in-payload', 'the end of the stream inside a frame', [text('42["a"]').subarray(0, 9)], 'end'),
  cut(
    'end-in-fragments',
    'the end of the stream between fragments',
    [frame({ opcode: TEXT, fin: false, payload: '42[' })],
    'end',
  ),
  cut('reset', 'a reset', [], 'reset'),
  cut('reset-in-payload', 'a reset inside a frame', [text('42["a"]').subarray(0, 9)], 'reset'),
  {
    id: 'frame-byte-by-byte',
    name: 'a frame in writes of one byte',
    revision: 4,
    steps: [joined(4), ...[...text('42["a"]')].map((byte) => send(Buffer.from([byte]))), say('42["b"]'), alive],
  },
];
