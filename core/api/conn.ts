/**
 * The Engine.IO connection as the Socket.IO layer sees it (`socket.conn`). App thread.
 * Our own engine fills all of it; a foreign engine given to `bind()` needs only the members without `?`.
 */
import type { SessionNumber } from '../session/ids.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';

/** How far the life of a connection has come. @since Socket.IO 2 */
export type ReadyState = 'opening' | 'open' | 'closing' | 'closed';

/** A connection of Engine.IO: `socket.conn`. @since Socket.IO 2 */
export interface Conn {
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
