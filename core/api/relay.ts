/**
 * A Node server's Engine.IO requests, passed on to the I/O threads: polling requests are proxied, upgrades spliced, each
 * over a private Unix socket. App thread, which therefore carries these bytes; a port of our own spares it that.
 *
 * The client's address travels in a header that only this relay can write: what a client sends under that name is
 * dropped, and the sockets lie in a folder that only this user may enter.
 */
import { Agent, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { RELAY_HEADER, relaySocketPath } from '../agents/relay-address.ts';
import { threadOfSid } from '../session/sid.ts';

export interface RelayOptions {
  readonly folder: string;
  readonly ioThreads: number;
  /** Prefix of the URLs that are ours, trailing slash included unless `addTrailingSlash` is off. */
  readonly prefix: string;
  readonly websocket: boolean;
  /** Whether upgrades that nobody answers are ended, and after how many milliseconds. */
  readonly destroyUpgrade: boolean;
  readonly destroyUpgradeTimeout: number;
  /** The Node server has closed: so must the engine. */
  readonly onClose: () => void;
}

/** Headers that belong to one connection. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade', RELAY_HEADER]);

type RequestListener = (req: IncomingMessage, res: ServerResponse) => void;

export class Relay {
  readonly #options: RelayOptions;
  readonly #agent = new Agent({ keepAlive: true });
  #next = 0;

  constructor(options: RelayOptions) {
    this.#options = options;
  }

  /** Takes the requests under our path from a server; the listeners it has keep all others. */
  attach(server: Server): void {
    const listeners = server.listeners('request') as RequestListener[];
    server.removeAllListeners('request');
    server.on('request', (req: IncomingMessage, res: ServerResponse) => {
      if (this.#isOurs(req)) this.#proxy(req, res);
      else for (const listener of listeners) listener.call(server, req, res);
    });
    if (this.#options.websocket) {
      server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (this.#isOurs(req)) this.#splice(req, socket as Socket, head);
        else this.#guardForeignUpgrade(socket as Socket);
      });
    }
    server.on('close', this.#options.onClose);
  }

  close(): void {
    this.#agent.destroy();
  }

  #isOurs({ url = '' }: IncomingMessage): boolean {
    return url.startsWith(this.#options.prefix);
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

  #proxy(req: IncomingMessage, res: ServerResponse): void {
    const upstream = httpRequest({
      socketPath: this.#socketPath(req),
      method: req.method,
      path: req.url,
      headers: relayHeaders(req),
      agent: this.#agent,
    });
    upstream.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 500, keepHeaders(answer.rawHeaders));
      answer.pipe(res);
      answer.on('error', () => res.destroy());
    });
    upstream.on('error', () => {
      if (res.headersSent) res.destroy();
      else res.writeHead(503).end();
    });
    // Either side may go before the other is done.
    res.on('close', () => {
      if (!res.writableFinished) upstream.destroy();
    });
    req.on('error', () => upstream.destroy());
    req.pipe(upstream);
  }

  #splice(req: IncomingMessage, socket: Socket, head: Buffer): void {
    const upstream = connect(this.#socketPath(req));
    const headers = relayHeaders(req);
    headers.push('Connection', 'Upgrade', 'Upgrade', req.headers.upgrade ?? 'websocket');
    let text = `${req.method} ${req.url} HTTP/1.1\r\n`;
    for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
    upstream.write(`${text}\r\n`, 'latin1');
    if (head.length > 0) upstream.write(head);
    socket.setTimeout(0);
    socket.setNoDelay(true);
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    upstream.on('close', () => socket.destroySoon());
    socket.pipe(upstream);
    upstream.pipe(socket);
  }

  /** An upgrade for others: ended if nobody has answered it by then. */
  #guardForeignUpgrade(socket: Socket): void {
    const { destroyUpgrade, destroyUpgradeTimeout } = this.#options;
    if (!destroyUpgrade) return;
    setTimeout(() => {
      if (socket.writable && socket.bytesWritten <= 0) {
        socket.on('error', () => socket.destroy()); // it may be reset while it is refused
        socket.end();
      }
    }, destroyUpgradeTimeout).unref();
  }
}

function keepHeaders(raw: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    if (!HOP_BY_HOP.has(raw[i].toLowerCase())) kept.push(raw[i], raw[i + 1]);
  }
  return kept;
}

/** The request's headers with the client's address, as only this relay may name it. */
function relayHeaders(req: IncomingMessage): string[] {
  const { remoteAddress = '', remotePort = 0 } = req.socket;
  const secure = 'encrypted' in req.socket && req.socket.encrypted === true ? 1 : 0;
  return [...keepHeaders(req.rawHeaders), RELAY_HEADER, `${remoteAddress} ${remotePort} ${secure}`];
}
