/**
 * What a broadcast costs the app thread: one packet encoded and written into a ring, against the walk of Socket.IO's own
 * adapter, with sockets that do nothing. Frame encoding alone is beside it.
 */
import assert from 'node:assert/strict';
import { Adapter } from 'socket.io-adapter';
import { Encoder, PacketType } from 'socket.io-parser';
import { SpscRing } from '../../core/shm/spsc-ring.ts';
import { FrameReader, type Frames, packetByteBound, writePacket } from '../../core/wire/frames.ts';
import { compare } from './compare.ts';

const TYPE = 1;
const HEAD_BYTES = 24;
const CLIENTS = [10, 1_000, 10_000];
const packet = { type: PacketType.EVENT, nsp: '/', data: ['e', 'x'.repeat(100)] };
const encoder = new Encoder();

const memory = SpscRing.create(1 << 20);
const producer = new SpscRing(memory);
const consumer = new SpscRing(memory);

function throughRing(): number {
  const frames = encoder.encode(packet) as Frames;
  const offset = producer.claim(TYPE, 0, HEAD_BYTES + packetByteBound(frames));
  producer.commit(HEAD_BYTES + writePacket(producer.bytes, offset + HEAD_BYTES, frames));
  consumer.next();
  consumer.free();
  return consumer.length;
}

interface Delivered {
  count: number;
}

/** A namespace as the adapter sees it: sockets that count what they are given. */
function adapterOf(clients: number): { adapter: Adapter; delivered: Delivered } {
  const delivered: Delivered = { count: 0 };
  const sockets = new Map<string, object>();
  const nsp = { name: '/', sockets, server: { encoder: new Encoder() } };
  const adapter = new Adapter(nsp);
  for (let client = 0; client < clients; client++) {
    const id = `client-${client}`;
    sockets.set(id, { client: { writeToEngine: () => delivered.count++ }, notifyOutgoingListeners: () => {} });
    adapter.addAll(id, new Set([id, 'everyone']));
  }
  return { adapter, delivered };
}

const rooms = new Set(['everyone']);
const except = new Set<string>();
for (const clients of CLIENTS) {
  const { adapter, delivered } = adapterOf(clients);
  const walk = (): void => adapter.broadcast({ ...packet }, { rooms, except });
  walk();
  assert.equal(delivered.count, clients);
  assert.ok(throughRing() > HEAD_BYTES);
  await compare(`a broadcast to ${clients.toLocaleString('en-US')} clients, app thread only`, {
    'encode, and one record in a ring': throughRing,
    "Socket.IO's adapter, without sending": walk,
  });
}

const SIZES = [100, 1_024, 16_384];
const target = Buffer.alloc(1 << 16);
const reader = new FrameReader();
for (const size of SIZES) {
  const frames: Frames = [`2["e","${'x'.repeat(size)}"]`];
  const written = writePacket(target, 0, frames);
  reader.reset(target, 0, written);
  assert.ok(reader.next());
  assert.equal(target.toString('latin1', reader.offset, reader.offset + reader.length), `4${frames[0]}`);
  await compare(`one text frame of ${size.toLocaleString('en-US')} bytes`, {
    'written into a record': () => writePacket(target, 0, frames),
    'a Buffer of its own': () => Buffer.from(`4${frames[0]}`),
  });
}
