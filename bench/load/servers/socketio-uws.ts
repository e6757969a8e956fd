/** Socket.IO 4 on uWebSockets.js: its own faster arrangement. Own process, started by the orchestrator. */

import { App } from 'uWebSockets.js';
import { Server } from 'socket.io';
import { serve } from './harness.ts';
import { listenUws, MAX_BACKPRESSURE_BYTES } from './listen-uws.ts';
import { application } from './socketio-application.ts';

await serve(async (context) => {
  const app = App();
  const io = new Server({ transports: ['websocket'], serveClient: false });
  // Read by the engine, unknown to the options' type.
  const limits = { maxBackpressure: MAX_BACKPRESSURE_BYTES };
  io.attachApp(app, { path: '/socket.io', ...limits });
  return {
    port: await listenUws(app),
    ...application(io, context),
    close: () => void app.close(),
  };
});
