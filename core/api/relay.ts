/**
 * A Node server's Engine.IO requests, passed on to the I/O threads: polling requests are proxied, upgrades spliced, each
 * over a private Unix socket. App thread, which therefore carries these bytes; a port of our own spares it that.
 *
 * They are taken before the server's listeners see them, so that those may come and go, and none answers twice.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { relaySocketPath } from '../agents/relay-address.ts';
import type { PreflightHandler } from '../server-options.ts';
import { threadOfSid } from '../session/sid.ts';
import { forwardRequest, forwardUpgrade } from './relay-forward.ts';

export interface RelayOptions {
  /** Of the private sockets. */
  readonly folder: string;
  readonly ioThreads: number;
  /** Prefix of the URLs that are ours, trailing slash included unless `addTrailingSlash` is off. */
  readonly prefix: string;
  readonly websocket: boolean;
  /** Whether upgrades that nobody answers are ended, and after how many milliseconds. */
  readonly destroyUpgrade: boolean;
  readonly destroyUpgradeTimeout: number;
  /** The option `handlePreflightRequest`. */
  readonly preflight?: boolean | PreflightHandler;
  /** The Node server has closed: so must the engine. */
  readonly onClose: () => void;
}

type Emit = (event: string | symbol, ...args: any[]) => boolean;

export class Relay {
  readonly #options: RelayOptions;
  /** What lets go of each server. */
  readonly #attached = new Map<Server, () => void>();
  #next = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Takes the requests under our path from a server; the listeners it has and will have keep all others. */
  attach(server: Server): void {
    if (this.#attached.has(server)) return;
    const { websocket, onClose } = this.#options;
    const emit = server.emit as Emit;
    let open = true;
    const intercept: Emit = (event, ...args) =>
      (open && this.#take(server, event, args)) || emit.call(server, event, ...args);
    server.emit = intercept;
    const onForeignUpgrade = (_req: IncomingMessage, socket: Duplex): void =>
      this.#guardForeignUpgrade(socket as Socket);
    if (websocket) server.on('upgrade', onForeignUpgrade); // without a listener Node makes plain requests of upgrades
    server.on('close', onClose);
    this.#attached.set(server, () => {
      open = false; // others may have put theirs on top of ours meanwhile
      if (server.emit === intercept) server.emit = emit;
      server.off('upgrade', onForeignUpgrade);
      server.off('close', onClose);
    });
  }

  /** Lets go of its servers. */
  close(): void {
    for (const detach of this.#attached.values()) detach();
    this.#attached.clear();
  }

  /** Whether the event was a request of ours, which is on its way then. */
  #take(server: Server, event: string | symbol, args: readonly unknown[]): boolean {
    if (event === 'request' || event === 'checkContinue') {
      const [req, res] = args as [IncomingMessage, ServerResponse];
      if (!this.#isOurs(req)) return false;
      if (req.method === 'OPTIONS') {
        const { preflight } = this.#options;
        if (preflight === false) return false;
        if (typeof preflight === 'function') {
          preflight.call(server, req, res);
          return true;
        }
      }
      if (event === 'checkContinue') res.writeContinue();
      forwardRequest(req, res, this.#socketPath(req));
      return true;
    }
    if (event !== 'upgrade' || !this.#options.websocket) return false;
    const [req, socket, head] = args as [IncomingMessage, Socket, Buffer];
    if (!this.#isOurs(req)) return false;
    forwardUpgrade(req, socket, head, this.#socketPath(req));
    return true;
  }

  #isOurs({ url = '' }: IncomingMessage): boolean {
    const { prefix } = this.#options;
    if (!url.startsWith(prefix)) return false;
    return prefix.endsWith('/') || [undefined, '/', '?'].includes(url[prefix.length]); // not a longer name
  }

  /** The owner of the session that a request names, so that it needs no second hop; else each thread in turn. */
  #socketPath({ url = '' }: IncomingMessage): string {
    const { folder, ioThreads } = this.#options;
    const sid = /[?&]sid=([^&]*)/.exec(url)?.[1] ?? '';
    let thread = threadOfSid(sid);
    if (thread < 0 || thread >= ioThreads) {
      thread = this.#next;
      this.#next = (this.#next + 1) % ioThreads;
    }
    return relaySocketPath(folder, thread);
  }

  /** An upgrade for others: ended if nobody has answered it by then. */
  #guardForeignUpgrade(socket: Socket): void {
    const { destroyUpgrade, destroyUpgradeTimeout } = this.#options;
    // Node listens no more, perhaps nobody else does, and a reset would be an exception that nobody can catch.
    socket.on('error', () => socket.destroy());
    if (!destroyUpgrade) return;
    setTimeout(() => {
      if (socket.writable && socket.bytesWritten <= 0) socket.end();
    }, destroyUpgradeTimeout).unref();
  }
}
