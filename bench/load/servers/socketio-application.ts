/**
 * The application that every Socket.IO server under test runs: handlers attached, rooms joined, questions answered.
 * Written against what all of them have, so that none gets an easier one.
 */
import type { Address } from '../audience.ts';
import { EVENT_NAME, QUESTION_NAME } from '../payload.ts';
import type { ServerContext, ServerUnderTest } from './harness.ts';

interface AnySocket {
  readonly handshake: { readonly query: Record<string, unknown> };
  on(event: string, listener: (...args: any[]) => void): unknown;
  join(rooms: any): unknown;
  leave(room: string): unknown;
}

interface AnyOperator {
  to(room: string): AnyOperator;
  /** Socket.IO 2 has none. */
  except?(room: string): AnyOperator;
  emit(event: string, ...args: unknown[]): unknown;
}

export interface AnyServer {
  on(event: 'connection', listener: (socket: any) => void): unknown;
  emit(event: string, ...args: any[]): unknown;
  to(room: string): any;
  readonly sockets: { readonly adapter: { readonly rooms: unknown } };
}

export function application(io: AnyServer, context: ServerContext): Pick<ServerUnderTest, 'emit' | 'sizeOf'> {
  io.on('connection', (socket: AnySocket) => {
    socket.on(QUESTION_NAME, (value: unknown, answer: (value: unknown) => void) => answer(value));
    socket.on('message', () => {});
    socket.on('disconnect', () => context.onLeft());
    const rooms = context.audience.rooms[Number(socket.handshake.query.client)];
    if (rooms === undefined) throw new Error('a client without a number');
    if (rooms.length > 0) socket.join([...rooms]);
    context.onConnection(socket);
  });
  return {
    emit: (event, address) => void addressed(io, address).emit(EVENT_NAME, event),
    sizeOf: (room) => (io.sockets.adapter.rooms as Map<string, Set<string>>).get(room)?.size ?? 0,
  };
}

function addressed(io: AnyServer, { to, except }: Address): AnyServer | AnyOperator {
  let operator: AnyServer | AnyOperator = io;
  for (const room of to) operator = operator.to(room) as AnyOperator;
  for (const room of except) {
    if (!('except' in operator) || operator.except === undefined) throw new Error('this server cannot except');
    operator = operator.except(room);
  }
  return operator;
}
