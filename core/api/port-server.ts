/**
 * What `io.httpServer` is when the library owns the port: the part of Node's http.Server that applications use with a
 * Socket.IO server. The port itself is the acceptor thread's. App thread.
 */
import { EventEmitter } from 'node:events';
import { createServer } from 'node:net';
import type { BoundPort } from '../agents/segment.ts';
import { EngineError } from '../errors.ts';
import type { ListenHandle } from './engine-host.ts';

/** What `listen()` was asked for. */
interface RequestedPort {
  readonly port: number;
  readonly host: string | undefined;
}

export class PortServer extends EventEmitter implements ListenHandle {
  readonly #close: () => Promise<void>;
  readonly #address: string;
  #port: number;

  /** @param bound a port of -1 was not bound: then `error` follows, as Node does it */
  constructor(requested: RequestedPort, bound: BoundPort, close: () => Promise<void>) {
    super();
    this.#port = bound.port;
    this.#address = bound.address ?? '::';
    this.#close = close;
    if (bound.port >= 0) process.nextTick(() => this.emit('listening'));
    else findCause(requested, (error) => this.emit('error', error));
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

/** uWebSockets.js does not say why it could not bind a port; a Node server that tries the same does. */
function findCause({ port, host }: RequestedPort, found: (error: Error) => void): void {
  const probe = createServer();
  probe.once('error', found);
  probe.listen({ port, host, exclusive: true }, () => {
    const where = `${host ?? 'all addresses'}, port ${port}`;
    probe.close(() => found(new EngineError('ERR_LISTEN_FAILED', `Could not listen on ${where}, which is free now.`)));
  });
}
