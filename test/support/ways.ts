/**
 * A server under test behind each of the ways in: a port of its own, one that serves an application too, and a Node
 * server of http or https that it is attached to. Test processes run it.
 */
import { createServer as createHttp, type Server as HttpServer, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, type TestContext } from 'node:test';
import type { Server as PublishedServer } from 'socket.io';
import { Server } from '../../core/index.ts';
import { makeCertificate } from './certificate.ts';
import { type ClientOptions, type ClientSocket, closeConnection, type Generation, openUrl } from './clients.ts';
import { keepThreads } from './keep-threads.ts';
import { type EventSource, within } from './wait-for.ts';

const certificate = makeCertificate();
after(() => certificate.remove());

/** For servers of TLS on 127.0.0.1. */
export const { key, cert } = certificate;

export const ways = ['port', 'port with TLS', 'port with an application', 'http', 'https'] as const;
export type Way = (typeof ways)[number];

export interface WayIn {
  readonly io: PublishedServer;
  readonly port: number;
  readonly secure: boolean;
  /** `http://…` or `https://…`, without a path. */
  readonly url: string;
}

type Settings = Record<string, unknown>;

/** A Server, with the published types of the reference, which other tests are written against too. */
export function makeServer(...args: unknown[]): PublishedServer {
  keepThreads(args.find((arg) => typeof arg === 'object' && arg !== null && 'ioThreads' in arg) as object);
  return new (Server as unknown as new (...args: unknown[]) => PublishedServer)(...args);
}

/** Listens on a port of the system's choice, and closes when the test has ended. */
export async function listen(t: TestContext, server: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections?.(); // a server of HTTP/2 has none
  });
  return (server.address() as AddressInfo).port;
}

const notFound: RequestListener = (_req, res) => {
  res.writeHead(404).end('the application');
};

/** Opens a Server by that way; it closes when the test has ended. */
export async function openWay(t: TestContext, way: Way, settings: Settings = {}): Promise<WayIn> {
  const secure = way === 'https' || way === 'port with TLS';
  let io: PublishedServer;
  if (way === 'http' || way === 'https') {
    const server = way === 'http' ? createHttp(notFound) : createHttps({ key, cert }, notFound);
    io = makeServer(server, settings);
    await listen(t, server as HttpServer);
  } else if (way === 'port') {
    io = makeServer(0, settings);
  } else if (way === 'port with TLS') {
    io = makeServer(0, { ...settings, key, cert });
  } else {
    io = makeServer(0, { ...settings, http: notFound });
  }
  t.after(() => io.close());
  const { port } = (io.httpServer as HttpServer).address() as AddressInfo;
  return { io, port, secure, url: `${secure ? 'https' : 'http'}://127.0.0.1:${port}` };
}

/** A client of that server; it is closed when the test has ended. */
export function openThrough(
  t: TestContext,
  way: WayIn,
  generation: Generation,
  options: ClientOptions = {},
): ClientSocket {
  const client = openUrl(generation, way.url, { rejectUnauthorized: false, ...options } as ClientOptions);
  t.after(() => closeConnection(client));
  return client;
}

/** Resolves when the connection of a client has moved to a WebSocket; rejects when it cannot. */
export function upgraded(client: ClientSocket): Promise<void> {
  const { engine } = client.io as unknown as { engine: EventSource & { transport: { name: string } } };
  if (engine.transport.name === 'websocket') return Promise.resolve();
  const outcome = new Promise<void>((resolve, reject) => {
    engine.on('upgrade', () => resolve());
    engine.on('upgradeError', reject);
  });
  return within(outcome, 'the upgrade');
}
