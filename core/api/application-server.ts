/**
 * The application's own HTTP server behind a port of ours: it listens on a private Unix socket, to which the I/O threads
 * pass every request that is not the engine's. App thread.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A request listener, such as an Express application, or an HTTP server that does not listen yet. */
export type ApplicationTarget = RequestListener | Server;

export class ApplicationServer {
  readonly socketPath: string;
  readonly #folder: string;
  readonly #server: Server;

  constructor(target: ApplicationTarget) {
    this.#folder = mkdtempSync(join(tmpdir(), 'broadside-http-')); // mode 0700: nobody else may connect
    this.socketPath = join(this.#folder, 'http');
    this.#server = typeof target === 'function' ? createServer(target) : target;
    this.#server.listen(this.socketPath);
    this.#server.unref(); // the threads keep the process alive, and end with the Server
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
