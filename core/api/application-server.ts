/**
 * The application's own HTTP server behind a port of ours: it listens on a private Unix socket, to which the I/O threads
 * pass every request that is not the engine's. App thread.
 */
import { createServer, Server as HttpServer, type RequestListener, type Server } from 'node:http';
import { join } from 'node:path';
import { makePrivateFolder, type PrivateFolder } from '../agents/private-folder.ts';
import { EngineError } from '../errors.ts';

/** A request listener, such as an Express application, or an HTTP server that does not listen yet. */
export type ApplicationTarget = RequestListener | Server;

export class ApplicationServer {
  readonly socketPath: string;
  readonly #folder: PrivateFolder;
  readonly #server: Server;

  /** @throws ERR_OPTION_INVALID for anything else, such as a server of node:https or one that listens */
  constructor(target: ApplicationTarget) {
    if (typeof target !== 'function' && (!(target instanceof HttpServer) || target.listening)) {
      throw new EngineError(
        'ERR_OPTION_INVALID',
        'option http is neither a request listener nor a server of node:http that does not listen yet.',
      );
    }
    this.#folder = makePrivateFolder('http');
    this.socketPath = join(this.#folder.path, 'http');
    this.#server = typeof target === 'function' ? createServer(target) : target;
    this.#server.listen(this.socketPath);
    this.#server.unref(); // the threads keep the process alive, and end with the Server
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    this.#folder.remove();
  }
}
