/**
 * The Engine.IO connection as the Socket.IO layer sees it (`socket.conn`). App thread.
 * Our own engine fills all of it; a foreign engine given to `bind()` needs only the members without `?`.
 */
import type { SessionNumber } from '../session/ids.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';

export type ReadyState = 'opening' | 'open' | 'closing' | 'closed';

export interface Conn {
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
