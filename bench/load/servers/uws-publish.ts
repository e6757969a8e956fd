/**
 * Bare uWebSockets.js: no Engine.IO, no Socket.IO, one topic. The frames carry the same bytes as everyone else's.
 * Own process, started by the orchestrator.
 */
import { App } from 'uWebSockets.js';
import { wireFrames } from '../payload.ts';
import { serve } from './harness.ts';
import { listenUws, MAX_BACKPRESSURE_BYTES } from './listen-uws.ts';

const TOPIC = 'all';

await serve(async (context) => {
  const app = App();
  app.ws('/*', {
    maxBackpressure: MAX_BACKPRESSURE_BYTES,
    open: (ws) => {
      ws.subscribe(TOPIC);
      context.onConnection();
    },
  });
  return {
    port: await listenUws(app),
    emit: (event) => {
      for (const data of wireFrames(event)) app.publish(TOPIC, data, typeof data !== 'string');
    },
    close: () => void app.close(),
  };
});
