/**
 * The way of one inbound event: through the socket's middleware to its listeners, with an answer function where the
 * client asked for one. App thread. A socket that has disconnected meanwhile gets nothing and answers nothing.
 */
import { FLAG_COMPRESS } from '../agents/link.ts';
import { type ExtendedError, type Middleware, runMiddleware } from './middleware.ts';
import { type Packet, PacketType } from './parser.ts';
import type { Socket } from './socket.ts';
import { emitLocally } from './user-code.ts';

type AnySocket = Socket<any, any, any, any>;

/**
 * An inbound event: its name, its arguments, and the answer function where the client asked for one. @since Socket.IO 2
 */
export type Event = [name: string, ...args: any[]];

/** Runs middleware and listeners within the call, as far as middleware goes on within it. */
export function receiveEvent(
  socket: AnySocket,
  packet: Packet,
  middleware: readonly Middleware<Event>[] | undefined,
): void {
  // hot: every inbound event; without middleware it allocates nothing of its own.
  const event = packet.data as Event;
  if (packet.id !== undefined) event.push(answerTo(socket, packet.id));
  socket.notifyInbound(event);
  if (middleware === undefined) {
    dispatch(socket, event);
    return;
  }
  runMiddleware(middleware, event, (error) => {
    if (error) refuse(socket, error);
    else dispatch(socket, event);
  });
}

function dispatch(socket: AnySocket, event: Event): void {
  if (socket.active) emitLocally(socket, event);
}

function refuse(socket: AnySocket, error: ExtendedError): void {
  if (!socket.active) return;
  if (socket.client.legacy) socket.client.refuse(socket.nsp.name, error);
  else emitLocally(socket, ['error', error]);
}

/** Only the first call sends. */
function answerTo(socket: AnySocket, id: number): (...args: unknown[]) => void {
  let answered = false;
  return (...data) => {
    if (answered || !socket.active) return;
    answered = true;
    socket.client.packet({ type: PacketType.ACK, nsp: socket.nsp.name, id, data }, FLAG_COMPRESS);
  };
}
