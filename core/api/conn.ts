/**
 * The Engine.IO connection (`socket.conn`): as a foreign engine has to provide it, and as applications know it. App
 * thread.
 */

import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { SessionNumber } from '../session/ids.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import type { PublicEngine } from './engine-host.ts';

/** How far the life of a connection has come. @since Socket.IO 2 */
export type ReadyState = 'opening' | 'open' | 'closing' | 'closed';

/** What `bind()` and `onconnection()` need; members with `?` are those of our own engine. @since Socket.IO 2 */
export interface BareConn {
  /** The session's id: the client's secret. */
  readonly id: string;
  /** The handshake request. */
  readonly request: HandshakeRequest;
  /** How far its life has come. */
  readonly readyState: ReadyState;
  /** The client's address, or that of the proxy in front. */
  readonly remoteAddress: string;
  /** What carries it now, and whether that takes a packet at once. */
  readonly transport: { readonly name?: string; readonly writable: boolean };
  /** Engine.IO revision; absent on foreign engines older than 4.1, which speak 3. @since Socket.IO 3.1 */
  readonly protocol?: number;
  /** Number in the command ring; absent for a connection of a foreign engine. @internal */
  readonly session?: SessionNumber;
  /** Told when it has joined a namespace. @internal */
  joined?(): void;
  /**
   * Sends one message; ignored once it closes.
   *
   * @param data text or bytes
   * @param options compress: whether it may be compressed, true by default
   */
  write(data: string | Uint8Array, options?: { compress?: boolean }): unknown;
  /**
   * Ends the connection after what was written; `discard` drops that.
   *
   * @param discard drops what was written. Default: false
   */
  close(discard?: boolean): unknown;
  /**
   * As an emitter has it.
   *
   * @param event data, close or error
   * @param listener gets the message, the reason or the error
   */
  on(event: 'data', listener: (data: string | Buffer) => void): unknown;
  on(event: 'close', listener: (reason: string, description?: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  /** As an emitter has it. @param event data, close or error @param listener given to `on()` before */
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
}

/** What carries a connection now. @since Socket.IO 2 */
export interface Transport {
  /** `polling` or `websocket`. */
  readonly name: string;
  /** Id of the session. */
  readonly sid: string;
  /** Whether packets leave without waiting behind much. */
  readonly writable: boolean;
  /** Whether the client takes binary frames; false for one that asked for base64. */
  readonly supportsBinary: boolean;
  /** Engine.IO revision. @since Socket.IO 3.1 */
  readonly protocol: number;
}

/**
 * A connection as applications see it; one of a foreign engine has what that engine gives it. Events: `packet`
 * ({ type, data }), `data` and `message` (data) for each message, `upgrading` and `upgrade` (transport), and
 * `close` (reason, description). @since Socket.IO 2
 */
export interface Conn extends EventEmitter {
  /** Id of the session: the client's secret. */
  readonly id: string;
  /** The engine it came from. */
  readonly server: PublicEngine;
  /** The handshake request; upgrades leave it as it is. */
  readonly request: IncomingMessage;
  /** How far its life has come. */
  readonly readyState: ReadyState;
  /** Address of the client, without regard to proxies. */
  readonly remoteAddress: string;
  /** What carries it now; an upgrade puts another in its place. */
  readonly transport: Transport;
  /** Engine.IO revision: 3 or 4. @since Socket.IO 3.1 */
  readonly protocol: number;
  /** True while listeners of `upgrading` run. */
  readonly upgrading: boolean;
  /** True once it has switched from polling to a WebSocket. */
  readonly upgraded: boolean;
  /** @internal */
  readonly session?: SessionNumber;
  /** @internal */
  joined?(): void;
  /**
   * Sends one engine message; ignored once the connection closes.
   *
   * @param data text or bytes
   * @param options `compress`: whether it may be compressed, true by default
   * @param callback accepted for programs that give one; it is not called
   */
  write(data: string | Uint8Array, options?: { compress?: boolean }, callback?: (...args: any[]) => void): this;
  /** Same as `write()`. @param data text or bytes @param options see there @param callback see there */
  send(data: string | Uint8Array, options?: { compress?: boolean }, callback?: (...args: any[]) => void): this;
  /**
   * Ends the connection after what was sent.
   *
   * @param discard at once, without what was sent; false by default
   */
  close(discard?: boolean): unknown;
}
