/** Broadside as its users get it. Own process; the orchestrator sets BROADSIDE_IO_THREADS in its environment. */
import type { AddressInfo } from 'node:net';
import { loadPackage } from '../built-package.ts';
import { serve } from './harness.ts';
import { application } from './socketio-application.ts';

const { Server } = await loadPackage();

await serve((context) => {
  const io = new Server(0);
  return {
    port: (io.httpServer.address() as AddressInfo).port,
    ...application(io, context),
    close: () => io.close(),
  };
});
