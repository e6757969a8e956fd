/**
 * What `io.httpServer` is when the library owns the port: the part of Node's http.Server that applications use with a
 * Socket.IO server. The port itself is the acceptor thread's. App thread.
 */
import { EventEmitter } from 'node:events';
import type { ListenHandle } from './engine-host.ts';

export class PortServer extends EventEmitter implements ListenHandle {
  readonly #close: () => Promise<void>;
  readonly #address: string;
  #port: number;

  /** @param port the bound port, or -1 when it could not be bound: then `error` follows, as Node does it. */
  constructor(requested: number, port: number, host: string | undefined, close: () => Promise<void>) {
    super();
    this.#port = port;
    this.#address = host ?? '::';
    this.#close = close;
    process.nextTick(() => {
      if (port >= 0) this.emit('listening');
      else this.emit('error', listenError(requested, this.#address));
    });
  }

  get listening(): boolean {
    return this.#port >= 0;
  }

  /** Null when nothing is bound. */
  address(): { address: string; family: string; port: number } | null {
    if (this.#port < 0) return null;
    return { address: this.#address, family: this.#address.includes(':') ? 'IPv6' : 'IPv4', port: this.#port };
  }

  /** Closes the engine behind the port; `callback` comes when all is closed. */
  close(callback?: (error?: Error) => void): this {
    this.#close().then(
      () => callback?.(),
      (error: Error) => callback?.(error),
    );
    return this;
  }

  /** The engine gave the port back. */
  released(): void {
    if (this.#port < 0) return;
    this.#port = -1;
    process.nextTick(() => this.emit('close'));
  }
}

function listenError(port: number, address: string): Error {
  const error = new Error(`listen EADDRINUSE: address already in use ${address}:${port}`);
  return Object.assign(error, { code: 'EADDRINUSE', errno: -98, syscall: 'listen', address, port });
}
