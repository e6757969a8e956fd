/**
 * One Engine.IO session on the app thread: `socket.conn`. A mirror of what an I/O thread owns; commands go through the
 * link, news come from the engine.
 */

import type { IncomingMessage } from 'node:http';
import type { SessionHandler } from '../agents/event-reader.ts';
import { FLAG_COMPRESS, type Link } from '../agents/link.ts';
import type { SessionNumber } from '../session/ids.ts';
import { describeReason, reasonText } from '../session/reasons.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import type { RequestHead } from '../wire/request-record.ts';
import type { Conn, ReadyState, Transport } from './conn.ts';
import type { PublicEngine } from './engine-host.ts';
import { IdleEmitter } from './idle-emitter.ts';
import type { Strangers } from './strangers.ts';

/** One way of carrying a connection; an upgrade replaces it. */
class EngineTransport implements Transport {
  readonly name: string;
  readonly supportsBinary: boolean;
  readonly #conn: EngineConn;

  constructor(name: string, supportsBinary: boolean, conn: EngineConn) {
    this.name = name;
    this.supportsBinary = supportsBinary;
    this.#conn = conn;
  }

  get sid(): string {
    return this.#conn.id;
  }

  get writable(): boolean {
    return this.#conn.readyState === 'open' && this.#conn.writable;
  }

  get protocol(): number {
    return this.#conn.protocol;
  }
}

/** The engine as its connections need it. */
export interface ConnOwner extends PublicEngine {
  readonly link: Link;
  /** Told when a connection has joined a namespace. */
  readonly strangers: Strangers;
  /** The connection may be shown to the application. */
  opened(conn: EngineConn): void;
  /** The connection's session has ended. */
  gone(conn: EngineConn): void;
}

/** Who reads a connection: told directly, because an emitter with listeners of its own costs every connection memory. */
export interface ConnReader {
  onData(data: unknown): void;
  onClose(reason: string, description?: unknown): void;
}

/** `socket.conn` on the library's own engine; see `Conn` for the rest. @since Socket.IO 2 */
export class EngineConn extends IdleEmitter implements Conn, SessionHandler {
  readonly id: string;
  readonly session: SessionNumber;
  readonly protocol: 3 | 4;
  readonly request: HandshakeRequest & IncomingMessage;
  readonly server: ConnOwner;
  transport: EngineTransport;
  /** The Socket.IO layer. */
  reader: ConnReader | undefined;
  readyState: ReadyState = 'open';
  #upgrade: 'none' | 'running' | 'done' = 'none';

  constructor(session: SessionNumber, sid: string, head: RequestHead, request: HandshakeRequest, server: ConnOwner) {
    super();
    this.server = server;
    this.id = sid;
    this.session = session;
    this.protocol = head.revision;
    this.request = request as HandshakeRequest & IncomingMessage;
    this.transport = new EngineTransport(head.polling ? 'polling' : 'websocket', !head.base64, this);
  }

  get remoteAddress(): string {
    return this.request.connection.remoteAddress;
  }

  /** Whether packets leave without waiting behind much. */
  get writable(): boolean {
    return this.server.link.writable;
  }

  get upgrading(): boolean {
    return this.#upgrade === 'running';
  }

  get upgraded(): boolean {
    return this.#upgrade === 'done';
  }

  /**
   * Sends one engine message; ignored once the connection closes.
   *
   * @param data text or bytes
   * @param options `compress`: whether it may be compressed, true by default @since Socket.IO 2
   */
  write(data: string | Uint8Array, options: { compress?: boolean } = {}): this {
    if (this.readyState === 'open')
      this.server.link.send(this.session, [data], options.compress === false ? 0 : FLAG_COMPRESS);
    return this;
  }

  /** Same as `write()`. @param data text or bytes @param options see there @since Socket.IO 2 */
  send(data: string | Uint8Array, options?: { compress?: boolean }): this {
    return this.write(data, options);
  }

  /**
   * Ends the connection; `close` follows when the I/O thread has done so.
   *
   * @param discard at once, without what was sent; false by default @since Socket.IO 2
   */
  close(discard = false): this {
    if (this.readyState !== 'open') return this;
    this.readyState = 'closing';
    this.server.link.closeSession(this.session, discard);
    return this;
  }

  /** It has joined a namespace: no stranger any more. */
  joined(): void {
    this.server.strangers.settle(this.session);
  }

  // ── news from the threads ──

  onOpened(): void {
    this.server.opened(this);
  }

  onUpgrade(): void {
    const transport = new EngineTransport('websocket', this.transport.supportsBinary, this);
    this.#upgrade = 'running';
    this.emit('upgrading', transport);
    this.transport = transport;
    this.#upgrade = 'done';
    this.emit('upgrade', transport);
  }

  onMessage(data: string | Buffer): void {
    if (this.listenerCount('packet') > 0) this.emit('packet', { type: 'message', data });
    this.reader?.onData(data);
    if (this.listenerCount('data') > 0) this.emit('data', data);
    if (this.listenerCount('message') > 0) this.emit('message', data);
  }

  onClose(reason: number, detail: number): void {
    this.server.gone(this);
    const text = reasonText(reason);
    const description = describeReason(detail);
    this.readyState = 'closed';
    this.reader?.onClose(text, description);
    this.emit('close', text, description);
  }
}
