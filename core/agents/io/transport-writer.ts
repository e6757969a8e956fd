/**
 * Sends engine packets that are not in the log (heartbeats, what waited during an upgrade) over whichever transport a
 * session has. I/O thread.
 */
import { PING_CODE } from '../../wire/engine-packet.ts';
import type { QueuedPacket } from './polling-transport.ts';
import { revisionOf, type SessionTable, VARIANT_EIO4_BASE64 } from './session-table.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

const MESSAGE = 4;
/** '0': packet types are digits on the wire. */
const DIGIT_0 = PING_CODE - 2;

/** Sends packets over a WebSocket, each as a frame. Call inside a cork when there are several. */
export function sendOverSocket(socket: WebSocketHandle, packets: readonly QueuedPacket[], variant: number): void {
  for (const packet of packets) {
    if (!packet.binary) {
      const frame = Buffer.allocUnsafe(packet.data.length + 1);
      frame[0] = DIGIT_0 + packet.type;
      frame.set(packet.data, 1);
      socket.send(frame, false, packet.compress);
    } else if (variant >= VARIANT_EIO4_BASE64) {
      socket.send(`${revisionOf(variant) === 3 ? 'b4' : 'b'}${base64(packet.data)}`, false, packet.compress);
    } else if (revisionOf(variant) === 3) {
      const frame = Buffer.allocUnsafe(packet.data.length + 1);
      frame[0] = MESSAGE;
      frame.set(packet.data, 1);
      socket.send(frame, true, packet.compress);
    } else {
      socket.send(packet.data, true, packet.compress);
    }
  }
}

/** Sends one packet at once, or with the next poll. */
export function sendPacket(sessions: SessionTable, local: number, packet: QueuedPacket): void {
  const socket = sessions.sockets[local];
  if (socket !== undefined) {
    sessions.drained[local] = 0; // perhaps it does not take them
    sendOverSocket(socket, [packet], sessions.variants[local]);
    return;
  }
  const poll = sessions.polls[local];
  poll?.enqueue(packet);
  poll?.flush();
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}
