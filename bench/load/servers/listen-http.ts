/** What the servers on Node's HTTP server share: binding to a free loopback port. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Above the connections the generator opens at once. */
const BACKLOG = 512;

/** Listens after `attach` has had the server. */
export async function listenHttp<T>(attach: (http: Server) => T): Promise<{ port: number; attached: T }> {
  const http = createServer();
  const attached = attach(http);
  http.listen(0, '127.0.0.1', BACKLOG);
  await once(http, 'listening');
  return { port: (http.address() as AddressInfo).port, attached };
}
