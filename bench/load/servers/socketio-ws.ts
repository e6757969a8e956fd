/** Socket.IO 4 as most people run it: on Node's HTTP server, with ws. Own process, started by the orchestrator. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from 'socket.io';
import { EVENT_NAME } from '../payload.ts';
import { serve } from './harness.ts';

await serve(async () => {
  const http = createServer();
  const io = new Server(http, { transports: ['websocket'], serveClient: false });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    port: (http.address() as AddressInfo).port,
    emit: (text) => void io.emit(EVENT_NAME, text),
    close: () => io.close(),
  };
});
