/** Socket.IO 2 with the ws it brings, for clients of its own generation. Own process, started by the orchestrator. */
import type { Server as HttpServer } from 'node:http';
import { createRequire } from 'node:module';
import { serve } from './harness.ts';
import { listenHttp } from './listen-http.ts';
import { type AnyServer, application } from './socketio-application.ts';

/** The package has no types. */
type Factory = (http: HttpServer, options: object) => AnyServer & { close(): void };
const createIo = createRequire(import.meta.url)('socket.io-2') as Factory;

await serve(async (context) => {
  const { port, attached: io } = await listenHttp((http) =>
    createIo(http, { transports: ['websocket'], serveClient: false }),
  );
  return { port, ...application(io, context), close: () => io.close() };
});
