/** Socket.IO 4 as most people run it: on Node's HTTP server, with ws. Own process, started by the orchestrator. */
import { Server } from 'socket.io';
import { serve } from './harness.ts';
import { listenHttp } from './listen-http.ts';
import { application } from './socketio-application.ts';

await serve(async (context) => {
  const { port, attached: io } = await listenHttp(
    (http) => new Server(http, { transports: ['websocket'], serveClient: false }),
  );
  return { port, ...application(io, context), close: () => io.close() };
});
