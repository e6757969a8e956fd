/**
 * The public entry: a Socket.IO server for large fan-out.
 */
import { createEngine } from './api/engine.ts';
import { setEngineFactory } from './api/engine-host.ts';
import { Server } from './api/server.ts';

setEngineFactory(createEngine);

export { Adapter } from './api/adapter.ts';
export type { AdapterConstructor } from './api/adapter-kinds.ts';
export type { GivenOptions as ServerOptions, OriginsOption } from './api/api-options.ts';
export { BroadcastOperator } from './api/broadcast-operator.ts';
export type { Client } from './api/client.ts';
export type { Conn, Transport } from './api/conn.ts';
export type { PublicEngine } from './api/engine-host.ts';
export type { EngineOptions } from './api/engine-options.ts';
export type { Handshake } from './api/handshake.ts';
export type { Event } from './api/inbound-event.ts';
export type { ExtendedError } from './api/middleware.ts';
export { Namespace } from './api/namespace.ts';
export { ParentNamespace } from './api/parent-namespace.ts';
export type { Parser } from './api/parser.ts';
export type { RecoveryOptions } from './api/recovery.ts';
export { RemoteSocket } from './api/remote-socket.ts';
export { Socket } from './api/socket.ts';
export type { DisconnectReason } from './api/socket-modifiers.ts';
export type { DefaultEventsMap, EventsMap } from './api/typed-events.ts';
export { EngineError, ERROR_CODES, type ErrorCode } from './errors.ts';
export type { TuningOptions } from './server-options.ts';
export { Server };
export default Server;
