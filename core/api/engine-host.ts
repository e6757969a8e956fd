/**
 * The engine as the Socket.IO layer sees it (`io.engine`). App thread.
 * This file says what is needed; `setEngineFactory` says who provides it, so that the layer runs without threads too.
 */
import type { EventEmitter } from 'node:events';
import type { Link } from '../agents/link.ts';
import { EngineError } from '../errors.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import type { GivenOptions, OriginsOption } from './api-options.ts';
import type { NodeServer } from './listen-target.ts';

/** What listens on a port, shaped like Node's server as far as applications use it. */
export interface ListenHandle extends EventEmitter {
  readonly listening: boolean;
  address(): { address: string; family: string; port: number } | string | null;
  close(callback?: (error?: Error) => void): unknown;
}

/**
 * Events: `connection` (conn: Conn), `connection_error` ({ req, code, message, context }), `thread_crash`, and `drain`
 * when `writable` turns true again.
 */
export interface EngineHost extends EventEmitter {
  /** The app thread's end of the command ring. */
  readonly link: Link;
  /** Same as `link.writable`. */
  readonly writable: boolean;
  /** True once it closes, be it with the Node server or the port that it served. */
  readonly closed?: boolean;
  /** Open connections. */
  readonly clientsCount: number;
  /** Replaces the making of session ids; called once per handshake. */
  generateId?: (request: HandshakeRequest) => string | Promise<string>;
  /** Who may connect; the Server keeps it up to date. Read at each handshake. */
  origins?: OriginsOption;
  /** Takes the Engine.IO requests of a Node server; without it Servers refuse such a server. */
  attach?(server: NodeServer, options: GivenOptions): unknown;
  /** Binds before it returns. Port 0 means any free one. */
  listen(port: number, host?: string): ListenHandle;
  /** Gives the port back at once; resolves when every connection and thread is gone. */
  close(): Promise<void>;
  /** Counters of queues, log and deliveries. */
  stats(): object;
}

/**
 * Makes an engine from the merged options; it refuses names and values it does not know.
 *
 * @param beside another engine of the same Server, with which it shares threads
 */
export type EngineFactory = (options: GivenOptions, beside?: EngineHost) => EngineHost;

let factory: EngineFactory | undefined;

/** Sets who makes the engines of Servers that listen from now on. */
export function setEngineFactory(create: EngineFactory): void {
  factory = create;
}

/** @throws {EngineError} `ERR_NOT_ATTACHED` when no factory was set; what the factory throws */
export function createEngineHost(options: GivenOptions, beside?: EngineHost): EngineHost {
  if (factory === undefined) throw new EngineError('ERR_NOT_ATTACHED', 'No engine is available to listen with.');
  return factory(options, beside);
}
