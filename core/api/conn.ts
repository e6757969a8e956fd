/**
 * The Engine.IO connection (`socket.conn`): as a foreign engine has to provide it, and as applications know it. App
 * thread.
 */

import type { EventEmitter } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { SessionNumber } from '../session/ids.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import type { PublicEngine } from './engine-host.ts';

export type ReadyState = 'opening' | 'open' | 'closing' | 'closed';

/** What `bind()` and `onconnection()` need; members with `?` are those of our own engine. */
export interface BareConn {
  readonly id: string;
  readonly request: HandshakeRequest;
  readonly readyState: ReadyState;
  readonly remoteAddress: string;
  readonly transport: { readonly name?: string; readonly writable: boolean };
  /** Engine.IO revision; absent on foreign engines older than 4.1, which speak 3. */
  readonly protocol?: number;
  /** Number in the command ring; absent for a connection of a foreign engine. */
  readonly session?: SessionNumber;
  /** Told when it has joined a namespace. */
  joined?(): void;
  write(data: string | Uint8Array, options?: { compress?: boolean }): unknown;
  /** Ends the connection after what was written; `discard` drops that. */
  close(discard?: boolean): unknown;
  on(event: 'data', listener: (data: string | Buffer) => void): unknown;
  on(event: 'close', listener: (reason: string, description?: unknown) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: string, listener: (...args: any[]) => void): unknown;
}

/** What carries a connection now. */
export interface Transport {
  /** `polling` or `websocket`. */
  readonly name: string;
  /** Id of the session. */
  readonly sid: string;
  /** Whether packets leave without waiting behind much. */
  readonly writable: boolean;
  /** Whether the client takes binary frames; false for one that asked for base64. */
  readonly supportsBinary: boolean;
  /** Engine.IO revision. */
  readonly protocol: number;
}

/**
 * A connection as applications see it; one of a foreign engine has what that engine gives it. Events: `packet`
 * ({ type, data }), `data` and `message` (data) for each message, `upgrading` and `upgrade` (transport), and
 * `close` (reason, description).
 */
export interface Conn extends EventEmitter {
  /** Id of the session: the client's secret. */
  readonly id: string;
  /** The engine it came from. */
  readonly server: PublicEngine;
  /** The handshake request; upgrades leave it as it is. */
  readonly request: IncomingMessage;
  readonly readyState: ReadyState;
  /** Address of the client, without regard to proxies. */
  readonly remoteAddress: string;
  readonly transport: Transport;
  /** Engine.IO revision: 3 or 4. */
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
   * @param options `compress`: whether it may be compressed. @default true
   * @param callback accepted for programs that give one; it is not called
   */
  write(data: string | Uint8Array, options?: { compress?: boolean }, callback?: (...args: any[]) => void): this;
  /** Same as `write`. */
  send(data: string | Uint8Array, options?: { compress?: boolean }, callback?: (...args: any[]) => void): this;
  /** Ends the connection after what was sent, or at once with `discard`. */
  close(discard?: boolean): unknown;
}
