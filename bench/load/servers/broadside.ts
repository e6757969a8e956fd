/** Broadside from its source. Own process; the orchestrator sets BROADSIDE_IO_THREADS in its environment. */
import type { AddressInfo } from 'node:net';
import { Server } from '../../../core/index.ts';
import { serve } from './harness.ts';
import { application } from './socketio-application.ts';

await serve((context) => {
  const io = new Server(0);
  return {
    port: (io.httpServer.address() as AddressInfo).port,
    ...application(io, context),
    close: () => io.close(),
  };
});
