/** Broadside from its source. Own process; the orchestrator sets BROADSIDE_IO_THREADS in its environment. */
import type { AddressInfo } from 'node:net';
import { Server } from '../../../core/index.ts';
import { EVENT_NAME } from '../payload.ts';
import { serve } from './harness.ts';

await serve(() => {
  const io = new Server(0);
  return {
    port: (io.httpServer.address() as AddressInfo).port,
    emit: (text) => void io.emit(EVENT_NAME, text),
    close: () => io.close(),
  };
});
