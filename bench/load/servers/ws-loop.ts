/**
 * Bare ws: no Engine.IO, no Socket.IO, one loop over all clients. The frames carry the same bytes as everyone else's.
 * Own process, started by the orchestrator.
 */
import { WebSocketServer } from 'ws';
import { wireText } from '../payload.ts';
import { serve } from './harness.ts';
import { listenHttp } from './listen-http.ts';

await serve(async (context) => {
  const { port, attached } = await listenHttp((http) => {
    const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: true });
    sockets.on('connection', () => context.onConnection());
    return { sockets, http };
  });
  return {
    port,
    emit: (event) => {
      const bytes = Buffer.from(wireText(event));
      for (const socket of attached.sockets.clients) socket.send(bytes, { binary: false });
    },
    close: () => {
      for (const socket of attached.sockets.clients) socket.terminate();
      attached.sockets.close();
      attached.http.close();
    },
  };
});
