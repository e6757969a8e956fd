/**
 * One Engine.IO session on the app thread: `socket.conn`. A mirror of what an I/O thread owns; commands go through the
 * link, news come from the engine.
 */
import { FLAG_COMPRESS, type Link } from '../agents/link.ts';
import type { SessionNumber } from '../session/ids.ts';
import type { HandshakeRequest } from '../wire/request-info.ts';
import type { RequestHead } from '../wire/request-record.ts';
import type { Conn, ReadyState } from './conn.ts';
import { IdleEmitter } from './idle-emitter.ts';
import type { Strangers } from './strangers.ts';

/** What carries a connection now. */
class EngineTransport {
  name: string;
  readonly #conn: EngineConn;

  constructor(name: string, conn: EngineConn) {
    this.name = name;
    this.#conn = conn;
  }

  get writable(): boolean {
    return this.#conn.readyState === 'open' && this.#conn.writable;
  }
}

/** Who reads a connection: told directly, because an emitter with listeners of its own costs every connection memory. */
export interface ConnReader {
  onData(data: unknown): void;
  onClose(reason: string, description?: unknown): void;
}

/** `socket.conn` on the library's own engine; see `Conn` for the rest. @since Socket.IO 2 */
export class EngineConn extends IdleEmitter implements Conn {
  readonly id: string;
  readonly session: SessionNumber;
  readonly protocol: 3 | 4;
  readonly request: HandshakeRequest;
  readonly transport: EngineTransport;
  /** The Socket.IO layer. */
  reader: ConnReader | undefined;
  /** True once the connection has switched from polling to a WebSocket. @since Socket.IO 2 */
  upgraded = false;
  readyState: ReadyState = 'open';
  readonly #link: Link;
  readonly #strangers: Strangers;

  /** @param strangers told when it has joined a namespace */
  constructor(
    session: SessionNumber,
    sid: string,
    head: RequestHead,
    request: HandshakeRequest,
    link: Link,
    strangers: Strangers,
  ) {
    super();
    this.#strangers = strangers;
    this.id = sid;
    this.session = session;
    this.protocol = head.revision;
    this.request = request;
    this.transport = new EngineTransport(head.polling ? 'polling' : 'websocket', this);
    this.#link = link;
  }

  get remoteAddress(): string {
    return this.request.connection.remoteAddress;
  }

  /** Whether packets leave without waiting behind much. */
  get writable(): boolean {
    return this.#link.writable;
  }

  /**
   * Sends one engine message; ignored once the connection closes.
   *
   * @param data text or bytes
   * @param options `compress`: whether it may be compressed, true by default @since Socket.IO 2
   */
  write(data: string | Uint8Array, options: { compress?: boolean } = {}): this {
    if (this.readyState === 'open')
      this.#link.send(this.session, [data], options.compress === false ? 0 : FLAG_COMPRESS);
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
    this.#link.closeSession(this.session, discard);
    return this;
  }

  /** It has joined a namespace: no stranger any more. */
  joined(): void {
    this.#strangers.settle(this.session);
  }

  /** News from the engine: the transport has changed. `request` stays the handshake's. */
  upgradedTo(name: string): void {
    this.upgraded = true;
    this.transport.name = name;
    this.emit('upgrade', this.transport);
  }

  /** News from the engine: a message. */
  received(data: string | Buffer): void {
    this.reader?.onData(data);
    if (this.listenerCount('data') > 0) this.emit('data', data);
    if (this.listenerCount('message') > 0) this.emit('message', data);
  }

  /** News from the engine: the session is over. */
  closed(reason: string, description: Error | undefined): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.reader?.onClose(reason, description);
    this.emit('close', reason, description);
  }
}
