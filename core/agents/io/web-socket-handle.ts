/**
 * The part of a WebSocket that the I/O agent uses. The thread entry passes uWebSockets.js sockets, tests pass fakes.
 * After `end` every method throws: the session table forgets the handle first.
 */
import type { ErrorContext } from '../../wire/connection-errors.ts';

export interface WebSocketHandle {
  /** Returns 1 when the kernel has taken everything by then, 0 when bytes wait. Inside a cork it cannot know. */
  send(message: Uint8Array | string, isBinary?: boolean, compress?: boolean): number;
  /** Bytes accepted and not yet handed to the kernel; what is corked now is not counted. */
  getBufferedAmount(): number;
  cork(callback: () => void): unknown;
  /** Close frame after everything sent; runs the close handler inside the call. */
  end(code?: number, message?: string): unknown;
  /** Drops the connection with all that waits; runs the close handler inside the call. */
  close(): unknown;
}

/** Who a WebSocket belongs to: a session, or a candidate that wants to carry one. */
export interface SocketOwner {
  opened(socket: WebSocketHandle): void;
  /** `bytes` is only valid during the call. */
  frame(bytes: Uint8Array, isBinary: boolean): void;
  /** @param tooBig the peer sent more than a message may have */
  closed(tooBig: boolean): void;
}

/** A WebSocket upgrade request that has not been answered. What it tells has names, for the reason given at `Exchange`. */
export interface SocketRequest {
  /** Completes the handshake; `opened` of the owner follows inside the call. Without effect once the client has gone. */
  accept(owner: SocketOwner): void;
  /** Answers with a connection error. @param text instead of the code's own */
  refuse(code: number, context: ErrorContext, status?: number, text?: string): void;
  /** False once it was answered, or the client has gone: nothing may be kept for it. */
  readonly open: boolean;
  /** Told when the request is refused. */
  onRefused: ((code: number, context: ErrorContext) => void) | undefined;
  /** Headers of the answer, whatever it is. */
  headers: readonly (readonly [name: string, value: string])[];
  /** The client went away while the request was parked. */
  onAborted: (() => void) | undefined;
}
