/** Classification of inbound WebSocket frames, as a table of both revisions and against random bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as packet from '../../core/wire/engine-packet.ts';
import { classifyFrame, payloadOffset, type Revision } from '../../core/wire/engine-packet.ts';
import { Random } from '../support/random.ts';

const { FRAME_MESSAGE_TEXT, FRAME_MESSAGE_BINARY, FRAME_MESSAGE_BASE64, FRAME_PING, FRAME_PONG } = packet;
const { FRAME_CLOSE, FRAME_IGNORED, FRAME_INVALID } = packet;

/** Text, kind on revision 3, kind on revision 4. */
const TEXTS: readonly [string, number, number][] = [
  ['', FRAME_INVALID, FRAME_INVALID],
  ['0', FRAME_IGNORED, FRAME_IGNORED],
  ['0{}', FRAME_IGNORED, FRAME_IGNORED],
  ['1', FRAME_CLOSE, FRAME_CLOSE],
  ['2', FRAME_PING, FRAME_PING],
  ['2probe', FRAME_PING, FRAME_PING],
  ['3', FRAME_PONG, FRAME_PONG],
  ['3probe', FRAME_PONG, FRAME_PONG],
  ['4', FRAME_MESSAGE_TEXT, FRAME_MESSAGE_TEXT],
  ['42["a"]', FRAME_MESSAGE_TEXT, FRAME_MESSAGE_TEXT],
  ['5', FRAME_IGNORED, FRAME_IGNORED],
  ['6', FRAME_IGNORED, FRAME_IGNORED],
  ['7', FRAME_INVALID, FRAME_INVALID],
  ['9', FRAME_INVALID, FRAME_INVALID],
  ['/', FRAME_INVALID, FRAME_INVALID],
  [' 4', FRAME_INVALID, FRAME_INVALID],
  ['\u0004', FRAME_INVALID, FRAME_INVALID],
  ['€', FRAME_INVALID, FRAME_INVALID],
  ['b', FRAME_INVALID, FRAME_MESSAGE_BASE64],
  ['b4', FRAME_MESSAGE_BASE64, FRAME_MESSAGE_BASE64],
  ['b4AQID', FRAME_MESSAGE_BASE64, FRAME_MESSAGE_BASE64],
  ['bAQID', FRAME_INVALID, FRAME_MESSAGE_BASE64],
  ['b2', FRAME_INVALID, FRAME_MESSAGE_BASE64],
];

/** Bytes, kind on revision 3, kind on revision 4. */
const BINARIES: readonly [number[], number, number][] = [
  [[], FRAME_INVALID, FRAME_MESSAGE_BINARY],
  [[4], FRAME_MESSAGE_BINARY, FRAME_MESSAGE_BINARY],
  [[4, 1, 2], FRAME_MESSAGE_BINARY, FRAME_MESSAGE_BINARY],
  [[0x34, 1], FRAME_INVALID, FRAME_MESSAGE_BINARY],
  [[2], FRAME_INVALID, FRAME_MESSAGE_BINARY],
  [[0xff, 4], FRAME_INVALID, FRAME_MESSAGE_BINARY],
];

test('every text frame is classified as the protocol of its revision says', () => {
  for (const [text, eio3, eio4] of TEXTS) {
    assert.equal(classifyFrame(Buffer.from(text), false, 3), eio3, `revision 3: ${JSON.stringify(text)}`);
    assert.equal(classifyFrame(Buffer.from(text), false, 4), eio4, `revision 4: ${JSON.stringify(text)}`);
  }
});

test('a binary frame is a message, on revision 3 only behind its type byte', () => {
  for (const [bytes, eio3, eio4] of BINARIES) {
    assert.equal(classifyFrame(Uint8Array.from(bytes), true, 3), eio3, `revision 3: ${bytes}`);
    assert.equal(classifyFrame(Uint8Array.from(bytes), true, 4), eio4, `revision 4: ${bytes}`);
  }
});

test('the payload of a message begins behind its type, whichever way it is written', () => {
  const read = (frame: Uint8Array, isBinary: boolean, revision: Revision): string =>
    Buffer.from(frame.subarray(payloadOffset(classifyFrame(frame, isBinary, revision), revision))).toString('latin1');
  for (const revision of [3, 4] as const) assert.equal(read(Buffer.from('42["a"]'), false, revision), '2["a"]');
  assert.equal(read(Buffer.from('b4AQID'), false, 3), 'AQID');
  assert.equal(read(Buffer.from('bAQID'), false, 4), 'AQID');
  assert.equal(read(Buffer.from([4, 65, 66]), true, 3), 'AB');
  assert.equal(read(Buffer.from([65, 66]), true, 4), 'AB');
});

test('random frames get a known kind, and a message payload never begins past their end', () => {
  const random = new Random();
  const heads = [0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x62, 0x04, 0x00, 0xff];
  for (let round = 0; round < 20_000; round++) {
    const bytes = Uint8Array.from({ length: random.below(6) }, () =>
      random.chance(0.5) ? random.pick(heads) : random.below(256),
    );
    const isBinary = random.chance(0.5);
    const revision = random.pick([3, 4] as const);
    const kind = classifyFrame(bytes, isBinary, revision);
    assert.ok(Number.isInteger(kind) && kind >= FRAME_MESSAGE_TEXT && kind <= FRAME_INVALID);
    if (kind <= FRAME_MESSAGE_BASE64) {
      assert.ok(payloadOffset(kind, revision) <= bytes.length, `${bytes} (${isBinary}, ${revision})`);
      assert.equal(kind === FRAME_MESSAGE_BINARY, isBinary);
    }
  }
});

test('digits, codes and ready-made packets name the same types', () => {
  const types: readonly [string, number][] = [
    [packet.OPEN, packet.OPEN_CODE],
    [packet.CLOSE, packet.CLOSE_CODE],
    [packet.PING, packet.PING_CODE],
    [packet.PONG, packet.PONG_CODE],
    [packet.MESSAGE, packet.MESSAGE_CODE],
    [packet.UPGRADE, packet.UPGRADE_CODE],
    [packet.NOOP, packet.NOOP_CODE],
  ];
  types.forEach(([type, code], digit) => {
    assert.equal(type, String(digit));
    assert.equal(code, String(digit).charCodeAt(0));
  });
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
  assert.equal(text(packet.CLOSE_BYTES), '1');
  assert.equal(text(packet.PING_BYTES), '2');
  assert.equal(text(packet.PONG_BYTES), '3');
  assert.equal(text(packet.PING_PROBE_BYTES), '2probe');
  assert.equal(text(packet.PONG_PROBE_BYTES), '3probe');
  assert.equal(text(packet.NOOP_BYTES), '6');
});
