/**
 * The stock clients of three generations behind one shape. Test processes and client host processes run it.
 * It may hide how a client is made, never how it behaves.
 */
import { createRequire } from 'node:module';
import type { ManagerOptions, Socket, SocketOptions } from 'socket.io-client-4';

/** Major version of socket.io-client. Version 2 speaks Engine.IO 3, the others speak Engine.IO 4. */
export type Generation = 2 | 3 | 4;
export const generations: readonly Generation[] = [2, 3, 4];

export type ClientSocket = Socket;
export type ClientOptions = Partial<ManagerOptions & SocketOptions>;

type Connect = (url: string, options: ClientOptions & { forceNew: boolean }) => ClientSocket;

// Version 2 publishes no types; the part of the API that tests use is the same in all three.
const require = createRequire(import.meta.url);
const connectors: Record<Generation, Connect> = {
  2: require('socket.io-client-2'),
  3: require('socket.io-client-3').io,
  4: require('socket.io-client-4').io,
};

/** Name of the event that tells a client why a namespace refused it. */
export const refusalEvent = (generation: Generation): 'error' | 'connect_error' =>
  generation === 2 ? 'error' : 'connect_error';

/** Starts a client over WebSocket, alone on its connection and without reconnection unless asked for. */
export function openClient(
  generation: Generation,
  port: number,
  namespace = '/',
  options: ClientOptions = {},
): ClientSocket {
  return openUrl(generation, `http://127.0.0.1:${port}${namespace}`, options);
}

/** The same for a server that is not at `http://127.0.0.1`. */
export function openUrl(generation: Generation, url: string, options: ClientOptions = {}): ClientSocket {
  return connectors[generation](url, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
}

/** A further namespace on the connection of `client`. */
export function openNamespace(client: ClientSocket, namespace: string, options: ClientOptions = {}): ClientSocket {
  return client.io.socket(namespace, options);
}

interface ManagerOfAnyGeneration {
  engine: { transport: { ws: { terminate(): void } } };
  disconnect(): void;
}
const manager = (client: ClientSocket): ManagerOfAnyGeneration => client.io as unknown as ManagerOfAnyGeneration;

/** Closes the connection of `client` in an orderly way, with all its namespaces, and ends its reconnection. */
export function closeConnection(client: ClientSocket): void {
  manager(client).disconnect();
}

/** Cuts the TCP connection under `client`: no close frame, no goodbye. Only for a client that has connected. */
export function cutConnection(client: ClientSocket): void {
  manager(client).engine.transport.ws.terminate();
}
