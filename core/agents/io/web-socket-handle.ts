/**
 * The part of a WebSocket that the I/O agent uses. The thread entry passes uWebSockets.js sockets, tests pass fakes.
 * After `end` every method throws: the session table forgets the handle first.
 */
export interface WebSocketHandle {
  send(message: Uint8Array | string, isBinary?: boolean, compress?: boolean): number;
  /** Bytes accepted and not yet handed to the kernel; what is corked now is not counted. */
  getBufferedAmount(): number;
  cork(callback: () => void): unknown;
  /** Close frame after everything sent; runs the close handler inside the call. */
  end(code?: number, message?: string): unknown;
  /** Drops the connection with all that waits; runs the close handler inside the call. */
  close(): unknown;
}
