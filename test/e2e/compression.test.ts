/**
 * Compression of WebSocket messages in both directions: which frames are compressed, and what a compressed message may
 * grow to. Frames read off the wire, the ws client, and stock clients.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { WebSocket } from 'ws';
import type { Socket } from '../../core/index.ts';
import { RawConnection } from '../compat/raw-connection.ts';
import { closeConnection, generations, openClient } from '../support/clients.ts';
import { WEBSOCKET } from '../support/http.ts';
import { ownServer } from '../support/own-server.ts';
import { waitFor } from '../support/wait-for.ts';

const LONG = 'abc'.repeat(1000);
const RSV1 = 0x40;

/** A client on a bare socket that has joined the main namespace; `extension` is what it offers. */
async function joinRaw(t: any, options: object, extension = 'permessage-deflate; client_max_window_bits') {
  const { io, port } = ownServer(t, options);
  const connection = new RawConnection(port);
  t.after(() => connection.destroy());
  const offer = extension === '' ? '' : `Sec-WebSocket-Extensions: ${extension}\r\n`;
  connection.write(
    `GET ${WEBSOCKET} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
      `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${offer}\r\n`,
  );
  const head = await connection.head();
  assert.equal(head?.status, 101);
  const connected = waitFor(io, 'connection');
  await connection.frame(); // open packet
  connection.write(frame(0x81, Buffer.from('40')));
  const [socket] = (await connected) as [Socket];
  await connection.frame(); // CONNECT
  return { connection, socket, agreed: head?.headers.get('sec-websocket-extensions') };
}

/** A client frame; the mask key is zero, which masks nothing and is legal. */
function frame(first: number, payload: Buffer): Buffer {
  const length =
    payload.length < 126
      ? Buffer.from([0x80 | payload.length])
      : Buffer.from([0x80 | 126, payload.length >> 8, payload.length & 255]);
  return Buffer.concat([Buffer.from([first]), length, Buffer.alloc(4), payload]);
}

/** As permessage-deflate has it: without the empty block at the end. */
function deflated(text: string): Buffer {
  const bytes = deflateRawSync(text, { finishFlush: 2 /* Z_SYNC_FLUSH */ });
  return bytes.subarray(0, bytes.length - 4);
}

describe('perMessageDeflate', () => {
  it('81: is off unless it was asked for', async (t) => {
    const { agreed, socket, connection } = await joinRaw(t, {});
    assert.equal(agreed, undefined);
    socket.emit('m', LONG);
    const sent = await connection.frame();
    assert.deepEqual([sent?.rsv1, sent?.payload.toString()], [false, `42["m","${LONG}"]`]);
  });

  it('81: compresses messages from the threshold on, and none of a client that did not offer it', async (t) => {
    const { agreed, socket, connection } = await joinRaw(t, { perMessageDeflate: true });
    assert.match(String(agreed), /^permessage-deflate/);
    socket.emit('m', LONG);
    socket.emit('m', 'short');
    socket.compress(false).emit('m', LONG);
    const [long, short, excepted] = [await connection.frame(), await connection.frame(), await connection.frame()];
    assert.deepEqual([long?.rsv1, short?.rsv1, excepted?.rsv1], [true, false, false]);
    assert.ok((long?.payload.length ?? LONG.length) < 200);
    const plain = await joinRaw(t, { perMessageDeflate: true }, '');
    assert.equal(plain.agreed, undefined);
    plain.socket.emit('m', LONG);
    assert.equal((await plain.connection.frame())?.rsv1, false);
  });

  it('81: has a threshold of its own', async (t) => {
    const { socket, connection } = await joinRaw(t, { perMessageDeflate: { threshold: 20 } });
    socket.emit('m', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa');
    socket.emit('m', 'a');
    assert.deepEqual([(await connection.frame())?.rsv1, (await connection.frame())?.rsv1], [true, false]);
  });

  it('inflates what clients send', async (t) => {
    const { socket, connection } = await joinRaw(t, { perMessageDeflate: true });
    const received = waitFor(socket, 'm');
    connection.write(frame(0x80 | RSV1 | 1, deflated(`42["m","${LONG}"]`)));
    assert.deepEqual(await received, [LONG]);
  });

  for (const [name, size] of [
    ['slightly', 2000],
    ['vastly', 5_000_000],
  ] as const) {
    it(`counts the inflated size: a message ${name} over the limit ends its session alone`, async (t) => {
      const options = { perMessageDeflate: true, maxHttpBufferSize: 1000 };
      const { socket, connection } = await joinRaw(t, options);
      const bystander = openClient(4, (socket.nsp.server.httpServer.address() as { port: number }).port);
      t.after(() => closeConnection(bystander));
      const [other] = await waitFor(socket.nsp.server, 'connection');
      const gone = waitFor(socket, 'disconnect');
      const bomb = deflated(`42["m","${'x'.repeat(size)}"]`);
      assert.ok(bomb.length < 20_000);
      connection.write(frame(0x80 | RSV1 | 1, bomb));
      assert.equal((await gone)[0], 'transport error');
      const alive = waitFor(other, 'still');
      bystander.emit('still');
      await alive;
    });
  }

  it('works with the ws client both ways', async (t) => {
    const { io, port } = ownServer(t, { perMessageDeflate: { threshold: 0 } });
    const connected = waitFor(io, 'connection');
    const ws = new WebSocket(`ws://127.0.0.1:${port}${WEBSOCKET}`, { perMessageDeflate: { threshold: 0 } });
    t.after(() => ws.terminate());
    await waitFor(ws, 'open');
    assert.match(ws.extensions, /permessage-deflate/);
    ws.send('40');
    const [socket] = await connected;
    const answered = waitFor(ws, 'message', (data: Buffer) => String(data).startsWith('42'));
    socket.on('echo', (text: string) => socket.emit('echoed', text));
    ws.send(`42["echo","${LONG}"]`, { compress: true });
    assert.equal(String((await answered)[0]), `42["echoed","${LONG}"]`);
  });

  it('works with clients of all generations, text and binary', async (t) => {
    const { io, port } = ownServer(t, { perMessageDeflate: { threshold: 0 }, ioThreads: 2 });
    const binary = Buffer.alloc(5000, 7);
    for (const generation of generations) {
      const connected = waitFor(io, 'connection');
      const client = openClient(generation, port);
      t.after(() => closeConnection(client));
      const [socket] = await connected;
      const down = waitFor(client, 'down');
      socket.emit('down', LONG, binary);
      const [text, bytes] = await down;
      assert.deepEqual([text, Buffer.from(bytes)], [LONG, binary]);
      const up = waitFor(socket, 'up');
      client.emit('up', LONG, binary);
      assert.deepEqual(await up, [LONG, binary]);
    }
  });
});

describe('maxHttpBufferSize', () => {
  it('2.6: closes a WebSocket that sends more with 1009, and its session with transport error', async (t) => {
    const { socket, connection } = await joinRaw(t, { maxHttpBufferSize: 1000 }, '');
    const gone = waitFor(socket, 'disconnect');
    connection.write(frame(0x81, Buffer.from(`42["m","${'x'.repeat(1500)}"]`)));
    const close = await connection.frame();
    assert.deepEqual([close?.opcode, close?.payload.readUInt16BE(0)], [8, 1009]);
    assert.equal((await gone)[0], 'transport error');
  });

  it('is a limit that a message may just reach', async (t) => {
    const { socket, connection } = await joinRaw(t, { maxHttpBufferSize: 1000 }, '');
    const message = `42["m","${'x'.repeat(990)}"]`;
    assert.equal(message.length, 1000);
    const received = waitFor(socket, 'm');
    connection.write(frame(0x81, Buffer.from(message)));
    assert.equal((await received)[0].length, 990);
  });
});
