/**
 * The public entry: a Socket.IO server for large fan-out.
 */
import { createEngine } from './api/engine.ts';
import { setEngineFactory } from './api/engine-host.ts';
import { Server } from './api/server.ts';

setEngineFactory(createEngine);

export { Namespace } from './api/namespace.ts';
export { Socket } from './api/socket.ts';
export { EngineError, ERROR_CODES, type ErrorCode } from './errors.ts';
export type { ServerOptions, TuningOptions } from './options.ts';
export { Server };
export default Server;
