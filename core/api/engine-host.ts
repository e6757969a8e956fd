/**
 * The engine as the Socket.IO layer sees it (`io.engine`). App thread.
 * This file says what is needed; `setEngineFactory` says who provides it, so that the layer runs without threads too.
 */

import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Link } from '../agents/link.ts';
import { EngineError } from '../errors.ts';
import type { TransportName } from '../server-options.ts';
import type { GivenOptions, OriginsOption } from './api-options.ts';
import type { Conn } from './conn.ts';
import type { EngineOptions } from './engine-options.ts';
import type { NodeServer } from './listen-target.ts';

/** What listens on a port, shaped like Node's server as far as applications use it. @since Socket.IO 2 */
export interface ListenHandle extends EventEmitter {
  /** Whether the port is bound. */
  readonly listening: boolean;
  /** Address and port; null when nothing is bound, a path for a Unix socket. */
  address(): { address: string; family: string; port: number } | string | null;
  /** Gives the port back. @param callback called when all is closed */
  close(callback?: (error?: Error) => void): unknown;
}

/**
 * Events: `connection` (conn: Conn), `connection_error` ({ req, code, message, context }), `thread_crash`, and `drain`
 * when `writable` turns true again. @since Socket.IO 2
 */
export interface EngineHost extends EventEmitter {
  /** The app thread's end of the command ring. @internal */
  readonly link: Link;
  /** False while so much waits that volatile packets are dropped; `drain` says when it turns true. @since Broadside */
  readonly writable: boolean;
  /** True once it closes, be it with the Node server or the port that it served. @since Broadside */
  readonly closed?: boolean;
  /** Open connections. @since Socket.IO 2 */
  readonly clientsCount: number;
  /** Replaces the making of session ids; called once per handshake. @since Socket.IO 2 */
  generateId?: (request: IncomingMessage) => string | Promise<string>;
  /** Who may connect; the Server keeps it up to date. Read at each handshake. @since Broadside */
  origins?: OriginsOption;
  /**
   * Takes the Engine.IO requests of a Node server; without it Servers refuse such a server.
   *
   * @param server keeps its port and all other requests
   * @param options of the engine @since Socket.IO 2
   */
  attach?(server: NodeServer, options: GivenOptions): unknown;
  /**
   * Binds before it returns. Port 0 means any free one.
   *
   * @param port 0 to 65535
   * @param host address to listen on @since Broadside
   */
  listen(port: number, host?: string): ListenHandle;
  /** Gives the port back at once; resolves when every connection and thread is gone. @since Socket.IO 2 */
  close(): Promise<void>;
  /** Counters of queues, log and deliveries. @since Broadside */
  stats(): object;
}

/**
 * `io.engine` as applications see it; an engine given to `bind()` has what it has. Further events: `headers` and
 * `initial_headers` (headers, request). @since Socket.IO 2
 */
export interface PublicEngine extends EngineHost {
  /** Connections by the id of their session, as a hash; a live view. */
  readonly clients: Readonly<Record<string, Conn>>;
  /** The options in force, defaults filled in. Read-only. @since Socket.IO 4 */
  readonly opts: EngineOptions;
  /**
   * Adds a Connect-style function that sees every request of the engine, such as that of express-session.
   *
   * @param middleware gets request, response and `next`; an error given to `next` refuses the request with code 3
   * @since Socket.IO 4.6
   */
  use(middleware: (request: any, response: any, next: (error?: any) => void) => void): unknown;
  /**
   * Takes the Engine.IO requests of a Node server.
   *
   * @param server keeps its port and all other requests
   * @param options accepted for programs that give them @since Socket.IO 2
   */
  attach(server: NodeServer, options?: GivenOptions): unknown;
  /** The transports a session may change to. @param transport the one that it began on @since Socket.IO 2 */
  upgrades(transport: string): TransportName[];
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
