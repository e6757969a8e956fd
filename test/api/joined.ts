/**
 * Clients on a fake engine together with the sockets that belong to them.
 */
import type { Namespace } from '../../core/api/namespace.ts';
import type { Server } from '../../core/api/server.ts';
import type { Socket } from '../../core/api/socket.ts';
import {
  type ConnOptions,
  type FakeConn,
  type FakeEngine,
  fakeServer,
  join,
  joinLegacy,
} from '../support/fake-engine.ts';

export interface Joined {
  readonly conn: FakeConn;
  readonly socket: Socket;
}

/** The socket that connected last. */
export const last = (nsp: Namespace): Socket => [...nsp.sockets.values()].at(-1)!;

/** A client of Socket.IO 4. */
export async function modern(io: Server, engine: FakeEngine, nsp = '/', options?: ConnOptions): Promise<Joined> {
  const conn = await join(engine, nsp, options);
  return { conn, socket: last(io.of(nsp)) };
}

/** A client of Socket.IO 2. */
export async function legacy(io: Server, engine: FakeEngine, options?: ConnOptions): Promise<Joined> {
  const conn = await joinLegacy(engine, options);
  return { conn, socket: last(io.sockets) };
}

/** Clients of Socket.IO 4 in the main namespace, in order of arrival. */
export async function many(io: Server, engine: FakeEngine, count: number): Promise<Joined[]> {
  const joined: Joined[] = [];
  for (let i = 0; i < count; i++) joined.push(await modern(io, engine));
  return joined;
}

/** A server with one client of Socket.IO 4. */
export async function one() {
  const server = fakeServer();
  return { ...server, ...(await modern(server.io, server.engine)) };
}
