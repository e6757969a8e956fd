/**
 * Bare ws: no Engine.IO, no Socket.IO, one loop over all clients. The frames carry the same bytes as everyone else's.
 * Own process, started by the orchestrator.
 */
import { WebSocketServer } from 'ws';
import { wireFrames } from '../payload.ts';
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
      const frames = wireFrames(event).map((data) => ({ bytes: Buffer.from(data), binary: typeof data !== 'string' }));
      for (const socket of attached.sockets.clients) {
        for (const { bytes, binary } of frames) socket.send(bytes, { binary });
      }
    },
    close: () => {
      for (const socket of attached.sockets.clients) socket.terminate();
      attached.sockets.close();
      attached.http.close();
    },
  };
});
