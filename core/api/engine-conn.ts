/**
 * One Engine.IO session on the app thread: `socket.conn`. A mirror of what an I/O thread owns; commands go through the
 * link, news come from the engine.
 */
import { EventEmitter } from 'node:events';
import { FLAG_COMPRESS, type Link } from '../agents/link.ts';
import type { SessionNumber } from '../session/ids.ts';
import type { HandshakeRequest, RequestInfo } from '../wire/request-info.ts';
import type { Conn, ReadyState } from './conn.ts';

export class EngineConn extends EventEmitter implements Conn {
  readonly id: string;
  readonly session: SessionNumber;
  readonly protocol: 3 | 4;
  readonly remoteAddress: string;
  readonly request: HandshakeRequest;
  readonly transport: { name: string; readonly writable: boolean };
  /** True once the connection has switched from polling to a WebSocket. */
  upgraded = false;
  readyState: ReadyState = 'open';
  readonly #link: Link;
  readonly #onJoined: () => void;

  /** @param onJoined called when it has joined a namespace */
  constructor(
    session: SessionNumber,
    sid: string,
    info: RequestInfo,
    request: HandshakeRequest,
    link: Link,
    onJoined: () => void,
  ) {
    super();
    this.#onJoined = onJoined;
    this.id = sid;
    this.session = session;
    this.protocol = info.revision;
    this.remoteAddress = info.address;
    this.request = request;
    this.#link = link;
    const isOpen = (): boolean => this.readyState === 'open';
    this.transport = {
      name: request._query.transport === 'polling' ? 'polling' : 'websocket',
      get writable() {
        return isOpen() && link.writable;
      },
    };
  }

  /** Sends one engine message; ignored once the connection closes. */
  write(data: string | Uint8Array, options: { compress?: boolean } = {}): this {
    if (this.readyState === 'open')
      this.#link.send(this.session, [data], options.compress === false ? 0 : FLAG_COMPRESS);
    return this;
  }

  /** Same as `write`. */
  send(data: string | Uint8Array, options?: { compress?: boolean }): this {
    return this.write(data, options);
  }

  /** Ends the connection after what was sent, or at once (`discard`). `close` follows when the I/O thread has done so. */
  close(discard = false): this {
    if (this.readyState !== 'open') return this;
    this.readyState = 'closing';
    this.#link.closeSession(this.session, discard);
    return this;
  }

  /** It has joined a namespace: no stranger any more. */
  joined(): void {
    this.#onJoined();
  }

  /** News from the engine: the transport has changed. `request` stays the handshake's. */
  upgradedTo(name: string): void {
    this.upgraded = true;
    this.transport.name = name;
    this.emit('upgrade', this.transport);
  }

  /** News from the engine: the session is over. */
  closed(reason: string, description: Error | undefined): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.emit('close', reason, description);
  }
}
