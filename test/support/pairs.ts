/**
 * A client together with the server-side socket that belongs to it. Test processes run it.
 * It closes what it opened when the test ends.
 */
import type { TestContext } from 'node:test';
import type { Socket as ServerSocket } from 'socket.io';
import {
  type ClientOptions,
  type ClientSocket,
  closeConnection,
  type Generation,
  openClient,
  openNamespace,
} from './clients.ts';
import type { TestServer } from './server.ts';
import { waitFor } from './wait-for.ts';

export interface Pair {
  readonly client: ClientSocket;
  readonly socket: ServerSocket;
}

let pairsMade = 0;
let namespacesMade = 0;

/** A namespace name that no other test of the process uses. */
export const freshNamespace = (): string => `/n${++namespacesMade}`;

/** The id of the connection under `socket`; a private member in the published types, public in the documents. */
export const engineId = (socket: ServerSocket): string => (socket.conn as unknown as { id: string }).id;

/** Connects one client and resolves when both sides know of it. Makes the namespace when the server lacks it. */
export async function connectPair(
  t: TestContext,
  server: TestServer,
  generation: Generation,
  namespace = '/',
  options: ClientOptions = {},
): Promise<Pair> {
  const key = `pair-${++pairsMade}`;
  const arrival = waitFor(server.io.of(namespace), 'connection', (socket) => socket.handshake.query.key === key);
  const client = openClient(generation, server.port, namespace, { ...options, query: { ...options.query, key } });
  t.after(() => closeConnection(client));
  const connected = waitFor(client, 'connect');
  const [socket] = await arrival;
  await connected;
  return { client, socket };
}

/** Joins a further namespace over the connection of an existing pair. */
export async function connectNamespace(server: TestServer, first: Pair, namespace: string): Promise<Pair> {
  const { conn } = first.socket;
  const arrival = waitFor(server.io.of(namespace), 'connection', (socket) => socket.conn === conn);
  const client = openNamespace(first.client, namespace);
  const connected = waitFor(client, 'connect');
  const [socket] = await arrival;
  await connected;
  return { client, socket };
}

/** A live log of the named events that `client` receives, each with its arguments. */
export function record(client: ClientSocket, ...events: string[]): unknown[][] {
  const log: unknown[][] = [];
  for (const event of events) client.on(event, (...args: unknown[]) => log.push([event, ...args]));
  return log;
}
