/**
 * Packet formats: those of others under both contracts, and MessagePack.
 */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Packr } from 'msgpackr';
import { Decoder as ModernDecoder, Encoder as ModernEncoder } from 'socket.io-parser';
import type { GivenOptions } from '../../core/api/api-options.ts';
import { decodeMsgpack } from '../../core/api/msgpack-decode.ts';
import { MsgpackDecoder, MsgpackEncoder } from '../../core/api/msgpack-parser.ts';
import type { Parser } from '../../core/api/parser.ts';
import { Server } from '../../core/api/server.ts';
import { fakeServer, join, settle } from '../support/fake-engine.ts';

const require = createRequire(import.meta.url);
const parserOf = (peer: string): Parser => createRequire(require.resolve(peer))('socket.io-parser');

const ANNOUNCES_TWO = '52-["m",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]';

/** A client that has joined, with the errors and events of its socket. */
async function listening(options: GivenOptions) {
  const { io, engine } = fakeServer(options);
  const conn = await join(engine);
  const errors: string[] = [];
  let events = 0;
  for (const socket of io.sockets.sockets.values()) {
    socket.on('error', ({ message }) => errors.push(message));
    socket.on('m', () => events++);
  }
  return { conn, errors, events: () => events };
}

describe('9: the option parser', () => {
  for (const peer of ['socket.io', 'socket.io-2']) {
    it(`9: takes the parser of ${peer}, attachments included`, async () => {
      const { io, engine } = fakeServer({ parser: parserOf(peer) });
      const seen: unknown[] = [];
      io.on('connection', (socket) => {
        socket.on('a', (...args) => seen.push(...args));
        socket.on('ask', (answer) => answer(Buffer.from([3])));
      });
      const conn = engine.open({ protocol: 3 });
      await settle();
      conn.receive('51-["a",{"_placeholder":true,"num":0},1]', Buffer.from([1, 2]), '27["ask"]');
      io.emit('b', { deep: [Buffer.from([4])] });
      io.emit('c', 1);
      assert.deepEqual(seen, [Buffer.from([1, 2]), 1]);
      assert.deepEqual(conn.taken(), [
        '0',
        '61-7[{"_placeholder":true,"num":0}]',
        Buffer.from([3]),
        '51-["b",{"deep":[{"_placeholder":true,"num":0}]}]',
        Buffer.from([4]),
        '2["c",1]',
      ]);
    });
  }

  it('9: keeps all budgets of attachments for socket.io-parser, whichever build the application passes', async () => {
    for (const parser of [parserOf('socket.io'), { Encoder: ModernEncoder, Decoder: ModernDecoder }]) {
      for (const [options, error, frames] of [
        [{ maxAttachments: 1 }, 'too many attachments', [ANNOUNCES_TWO]],
        [{ maxAttachmentBytes: 3 }, 'attachments too large', [ANNOUNCES_TWO, Buffer.alloc(4)]],
        [{ maxDepth: 2 }, 'payload nested too deep', ['2["m",[[1]]]']],
      ] as const) {
        const { conn, errors } = await listening({ parser, ...options });
        conn.receive(...frames);
        assert.deepEqual(errors, [error]);
        assert.equal(conn.readyState, 'closing');
      }
    }
  });

  it('9: bounds the bytes and the time of a packet that does not come, whatever its format', async (t) => {
    const parser = parserOf('socket.io-2');
    const large = await listening({ parser, maxAttachmentBytes: 100 });
    const packet = [ANNOUNCES_TWO, Buffer.alloc(10), Buffer.alloc(10)];
    for (let i = 0; i < 10; i++) large.conn.receive(...packet);
    assert.deepEqual([large.errors, large.events()], [[], 10], 'each packet has its own');
    large.conn.receive(ANNOUNCES_TWO, Buffer.alloc(60));
    assert.deepEqual(large.errors, ['attachments too large']);
    const late = await listening({ parser, attachmentTimeout: 100 });
    t.mock.timers.enable({ apis: ['setTimeout'] });
    late.conn.receive(...packet);
    t.mock.timers.tick(1000);
    late.conn.receive(ANNOUNCES_TWO);
    t.mock.timers.tick(60);
    late.conn.receive(Buffer.alloc(1));
    assert.deepEqual(late.errors, []);
    t.mock.timers.tick(40);
    assert.deepEqual([late.errors, late.events()], [['attachments overdue'], 1]);
    assert.equal(late.conn.readyState, 'closing');
  });

  it('9: checks what a format of the application decodes', async () => {
    class Decoder extends EventEmitter {
      add(frame: string): void {
        this.emit('decoded', JSON.parse(frame));
      }
      destroy(): void {}
    }
    class Encoder {
      encode(packet: unknown): string[] {
        return [JSON.stringify(packet)];
      }
    }
    const nested = JSON.parse('['.repeat(70) + ']'.repeat(70));
    const bad: unknown[] = [
      { type: 2, data: ['a'] },
      { type: 2, nsp: '/', data: 'a' },
      { type: 2, nsp: '/', data: ['disconnect'] },
      { type: 2, nsp: '/', data: ['a', nested] },
      { type: 2, nsp: '/', data: ['a'], id: '1' },
    ];
    for (const packet of [{ type: 2, nsp: '/', data: ['a', 1] }, ...bad]) {
      const { io, engine } = fakeServer({ parser: { Encoder, Decoder } });
      const seen: unknown[] = [];
      io.on('connection', (socket) => socket.on('a', (value) => seen.push(value)));
      const conn = engine.open();
      conn.receive('{"type":0,"nsp":"/"}');
      await settle();
      conn.receive(JSON.stringify(packet));
      assert.deepEqual([seen, conn.readyState], bad.includes(packet) ? [[], 'closing'] : [[1], 'open']);
    }
  });

  it('9: must have both classes', () => {
    for (const parser of ['json', {}, { Encoder: MsgpackEncoder }, 5]) {
      assert.throws(() => new Server({ parser: parser as never }), { code: 'ERR_OPTION_INVALID' });
    }
  });
});

describe('the MessagePack format', () => {
  const packr = new Packr({ useRecords: false });
  const pack = (packet: unknown): Buffer => packr.pack(packet);

  it('is one binary message per packet, with the keys that have a value', async () => {
    const { io, engine } = fakeServer({ parser: 'msgpack' });
    const seen: unknown[] = [];
    io.on('connection', (socket) => {
      socket.on('a', (...args) => seen.push(...args));
      socket.on('ask', (value, answer) => answer({ value }));
      socket.emit('hello', Buffer.from([1]), new Date(5), undefined);
    });
    const conn = engine.open();
    conn.receive(pack({ type: 0, nsp: '/' }));
    await settle();
    conn.receive(pack({ type: 2, nsp: '/', data: ['a', Buffer.from([9]), { b: [1.5, -7] }], id: null }));
    conn.receive(pack({ type: 2, nsp: '/', data: ['ask', 1], id: 4 }));
    const sent = conn.taken().map((frame) => packr.unpack(frame as Uint8Array));
    assert.deepEqual(Object.keys(sent[0]), ['type', 'nsp', 'data']);
    assert.deepEqual(sent.slice(1), [
      { type: 2, nsp: '/', data: ['hello', Buffer.from([1]), new Date(5), null] },
      { type: 3, nsp: '/', data: [{ value: 1 }], id: 4 },
    ]);
    assert.deepEqual(seen, [Buffer.from([9]), { b: [1.5, -7] }]);
  });

  it('closes the connection for bytes that are no packet', async () => {
    const bad: unknown[] = [
      'text',
      Buffer.from([]),
      Buffer.from([0xc1]),
      Buffer.from([0x93, 1]),
      Buffer.from([0xdd, 0xff, 0xff, 0xff, 0xff]),
      Buffer.from([0xc6, 0xff, 0xff, 0xff, 0xff, 1]),
      Buffer.alloc(100_000, 0x91),
      pack(5),
      pack([2, '/', ['a']]),
      Buffer.concat([pack({ type: 2, nsp: '/', data: ['a'] }), Buffer.from([0])]),
      pack({ type: 5, nsp: '/', data: ['a'] }),
      pack({ type: 1.5, nsp: '/', data: ['a'] }),
      pack({ type: 2, nsp: 5, data: ['a'] }),
      pack({ type: 2, nsp: '/', data: { 0: 'a' } }),
      pack({ type: 2, nsp: '/', data: [{}] }),
      pack({ type: 2, nsp: '/', data: ['a'], id: 'x' }),
      pack({ type: 2, nsp: '/', data: ['a'], id: 0.5 }),
      pack({ type: 1, nsp: '/', data: 'x' }),
      pack({ type: 0, nsp: '/more', data: 'x' }),
    ];
    for (const frame of bad) {
      const { io, engine } = fakeServer({ parser: 'msgpack' });
      const seen: unknown[] = [];
      io.on('connection', (socket) => socket.onAny((...event) => seen.push(event)));
      const conn = engine.open();
      conn.receive(pack({ type: 0, nsp: '/' }));
      await settle();
      conn.receive(frame as Buffer);
      assert.deepEqual([conn.readyState, seen], ['closing', []], String(frame));
    }
  });

  it('reads every kind of value that other writers make', () => {
    const values = [
      null, true, false, 0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32, 2 ** 40, -1, -32, -33, -129, -32_769, -(2 ** 40),
      1.5, '', 'x'.repeat(31), 'ü'.repeat(200), 'y'.repeat(70_000), [], new Array(16).fill(1), new Array(70_000).fill(0),
      { a: { b: [] } }, Object.fromEntries(new Array(20).fill(0).map((_, i) => [`k${i}`, i])),
      Buffer.alloc(3), Buffer.alloc(300), Buffer.alloc(70_000), new Date(0), new Date(1.7e12 + 1), new Date(-5000),
    ]; // biome-ignore format: a table
    for (const value of values) assert.deepEqual(decodeMsgpack(pack(value), 10), value);
    assert.deepEqual(decodeMsgpack(Buffer.from([0xca, 0x3f, 0xc0, 0, 0]), 1), 1.5);
    assert.equal(decodeMsgpack(Buffer.from([0xcf, 0, 0, 0, 1, 0, 0, 0, 0]), 1), 2 ** 32);
    const old = { undefined: [0xd4, 0, 0], date: [0xd7, 0, 0, 0, 0, 0, 0, 0, 0, 5], bytes: [0xc7, 2, 0, 8, 9] };
    assert.equal(decodeMsgpack(Buffer.from(old.undefined), 1), undefined);
    assert.deepEqual(decodeMsgpack(Buffer.from(old.date), 1), new Date(5));
    assert.deepEqual(decodeMsgpack(Buffer.from(old.bytes), 1), new Uint8Array([8, 9]).buffer);
    assert.throws(() => decodeMsgpack(Buffer.from([0xd4, 7, 0]), 1), /unknown MessagePack extension 7/);
  });

  it('takes no key for a prototype, and counts depth', () => {
    const evil = decodeMsgpack(
      Buffer.from([0x81, 0xa9, ...Buffer.from('__proto__'), 0x81, 0xa1, 0x78, 1]),
      2,
    ) as object;
    assert.equal((evil as { x?: number }).x, undefined);
    assert.deepEqual(Object.keys(evil), ['__proto__']);
    assert.throws(() => decodeMsgpack(pack([[[]]]), 2), /nested too deep/);
    assert.deepEqual(decodeMsgpack(pack([[[]]]), 3), [[[]]]);
  });

  it('gives packets of its own encoder back unchanged', () => {
    const decoder = new MsgpackDecoder();
    const seen: unknown[] = [];
    decoder.on('decoded', (packet) => seen.push(packet));
    const packet = { type: 2, nsp: '/chat', data: ['ä', { b: Buffer.from([1]) }], id: 3 };
    for (const frame of new MsgpackEncoder().encode(packet as never)) decoder.add(frame);
    assert.deepEqual(seen, [packet]);
  });
});
