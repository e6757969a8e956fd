/**
 * Large payloads: 10 MB both ways, and exactly at and one byte above the inbound limit. Stock clients, real server.
 */
import assert from 'node:assert/strict';
import { withBuffers } from '../support/bytes.ts';
import { forEveryClient, forEveryThreadCount } from '../support/matrix.ts';
import { connectPair, freshNamespace } from '../support/pairs.ts';
import { waitFor } from '../support/wait-for.ts';

const LIMIT_BYTES = 10_000_000;
/** Frame of an event named "m" with one text argument: Engine.IO digit, Socket.IO digit, JSON around the text. */
const TEXT_OVERHEAD_BYTES = '42["m",""]'.length;
/** Engine.IO 3 puts a type byte before binary data. */
const binaryOverheadBytes = (generation: number): number => (generation === 2 ? 1 : 0);

/** Bytes that differ from place to place, so that a shifted or torn copy shows. */
function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 12)) & 0xff;
  return bytes;
}

// Comparing with assert.equal keeps a failure from printing megabytes.
const same = (got: unknown, sent: Buffer): boolean => (withBuffers(got) as Buffer).equals(sent);

forEveryThreadCount('large payloads', { maxHttpBufferSize: LIMIT_BYTES }, (server) => {
  forEveryClient('10 MB of text and of binary reach a client, in order with small ones', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const text = 'abcdefg€'.repeat(LIMIT_BYTES / 10);
    const bytes = pattern(LIMIT_BYTES);
    const order: string[] = [];
    client.on('small', () => order.push('small'));
    client.on('text', (got: string) => order.push(got === text ? 'text' : 'damaged text'));
    client.on('bytes', (got: unknown) => order.push(same(got, bytes) ? 'bytes' : 'damaged bytes'));
    // One after the other: both at once are more than may wait for one client by default.
    const textArrived = waitFor(client, 'end');
    socket.emit('small');
    socket.emit('text', text);
    socket.emit('end');
    await textArrived;
    const bytesArrived = waitFor(client, 'end');
    server().io.to(socket.id).emit('bytes', bytes);
    socket.emit('small');
    socket.emit('end');
    await bytesArrived;
    assert.deepEqual(order, ['small', 'text', 'bytes', 'small']);
  });

  forEveryClient('a 10 MB broadcast with several attachments reaches every client', async (t, generation) => {
    const name = freshNamespace();
    const pairs = [];
    for (let i = 0; i < 3; i++) pairs.push(await connectPair(t, server(), generation, name));
    const parts = [pattern(5_000_000), Buffer.alloc(0), pattern(3_000_000), pattern(100_000)];
    const heard = pairs.map(({ client }) => waitFor(client, 'parts'));
    server().io.of(name).emit('parts', { parts });
    for (const [got] of await Promise.all(heard)) {
      assert.deepEqual(
        got.parts.map((part: unknown, i: number) => same(part, parts[i])),
        [true, true, true, true],
      );
    }
  });

  forEveryClient('a message of exactly maxHttpBufferSize arrives', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const text = 'x'.repeat(LIMIT_BYTES - TEXT_OVERHEAD_BYTES);
    const bytes = pattern(LIMIT_BYTES - binaryOverheadBytes(generation));
    const gotText = waitFor(socket, 'm');
    client.emit('m', text);
    assert.equal((await gotText)[0] === text, true);
    const gotBytes = waitFor(socket, 'm');
    client.emit('m', bytes);
    assert.equal(same((await gotBytes)[0], bytes), true);
  });

  forEveryClient('one byte above maxHttpBufferSize ends that client only', async (t, generation) => {
    const bystander = await connectPair(t, server(), generation);
    const tooLarge = [
      'x'.repeat(LIMIT_BYTES - TEXT_OVERHEAD_BYTES + 1),
      pattern(LIMIT_BYTES - binaryOverheadBytes(generation) + 1),
    ];
    for (const payload of tooLarge) {
      const { client, socket } = await connectPair(t, server(), generation);
      socket.on('m', () => assert.fail('a message above the limit was delivered'));
      const ends = [waitFor(socket, 'disconnect'), waitFor(client, 'disconnect')];
      client.emit('m', payload);
      const [[reason]] = await Promise.all(ends);
      assert.equal(reason, 'transport error');
    }
    const echo = waitFor(bystander.client, 'n');
    bystander.socket.emit('n', 1);
    assert.deepEqual(await echo, [1]);
  });
});
