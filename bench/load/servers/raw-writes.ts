/**
 * The kernel's price: a loop of write(2) calls over TCP sockets, one per client and emit, and nothing else. The frames
 * carry the same bytes as everyone else's. Own process, started by the orchestrator.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { FINAL_BINARY, FINAL_TEXT, wireFrames } from '../payload.ts';
import { serve } from './harness.ts';

/** RFC 6455, 1.3: what is hashed after the client's key. */
const KEY_SUFFIX = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** RFC 6455, 5.2: longer payloads have their length in two bytes more, or in eight. */
const MAX_SHORT_BYTES = 125;
const MAX_MEDIUM_BYTES = 65_535;
const BACKLOG = 512;

await serve(async (context) => {
  const sockets: Socket[] = [];
  const descriptors: number[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    socket.once('data', (request) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(request.toString('latin1'))?.[1] ?? '';
      const accept = createHash('sha1').update(`${key}${KEY_SUFFIX}`).digest('base64');
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
      );
      descriptors.push(descriptorOf(socket));
      context.onConnection();
      socket.resume();
    });
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1', BACKLOG);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    emit: (event) => {
      const bytes = Buffer.concat(wireFrames(event).map(frameOf));
      // The in-flight bound keeps each client's share far below what the kernel buffers: a short write is a fault.
      for (const descriptor of descriptors) {
        if (writeSync(descriptor, bytes) !== bytes.length) throw new Error('a write was cut short');
      }
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
});

/** Node has no public way to it. */
function descriptorOf(socket: Socket): number {
  return (socket as unknown as { _handle: { fd: number } })._handle.fd;
}

function frameOf(data: string | Buffer): Buffer {
  const payload = Buffer.from(data);
  const { length } = payload;
  const header = Buffer.alloc(length <= MAX_SHORT_BYTES ? 2 : length <= MAX_MEDIUM_BYTES ? 4 : 10);
  header[0] = typeof data === 'string' ? FINAL_TEXT : FINAL_BINARY;
  header[1] = length <= MAX_SHORT_BYTES ? length : length <= MAX_MEDIUM_BYTES ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}
