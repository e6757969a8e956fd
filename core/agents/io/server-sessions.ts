/**
 * The sessions of one Server on one I/O thread, whatever carries them: handshake, heartbeat, inbound packets, ends. It
 * knows Engine.IO and no Socket.IO; what a message carries goes to the coordinator unread.
 */
import { Heartbeat } from '../../session/heartbeat.ts';
import {
  DESCRIPTION_INVALID_HEARTBEAT,
  DESCRIPTION_MAX_PAYLOAD,
  DESCRIPTION_NONE,
  REASON_PARSE_ERROR,
  REASON_PING_TIMEOUT,
  REASON_TRANSPORT_CLOSE,
  REASON_TRANSPORT_ERROR,
} from '../../session/reasons.ts';
import type { SessionCensus } from '../../shm/session-census.ts';
import {
  classifyFrame,
  FRAME_INVALID,
  FRAME_MESSAGE_BASE64,
  FRAME_MESSAGE_BINARY,
  FRAME_MESSAGE_TEXT,
  FRAME_PING,
  FRAME_PONG,
  payloadOffset,
  type Revision,
} from '../../wire/engine-packet.ts';
import { encodeOpenPacket } from '../../wire/open-packet.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import { encodeRequest } from '../../wire/request-record.ts';
import { KIND_BINARY, KIND_TEXT } from '../records.ts';
import type { ServerSpec } from '../segment.ts';
import type { InboxWriter } from './inbox-writer.ts';
import { controlPacket, PollingTransport } from './polling-transport.ts';
import { NEVER_COMPRESS, revisionOf, type SessionTable, variantOf } from './session-table.ts';
import { sendPacket } from './transport-writer.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

/** WebSocket close code for a message over the limit. */
const CLOSE_TOO_BIG = 1009;

const PACKET_CLOSE = 1;
const PACKET_PING = 2;
const PACKET_PONG = 3;

/** How a session ends on its transport. */
export interface Farewell {
  /** Without what still waits. */
  readonly discard?: boolean;
  /** WebSocket close code. */
  readonly code?: number;
  /** Packet type that ends a held poll. @default 1, close */
  readonly packet?: number;
}

/** Why a session ended, as numbers of the tables in session/reasons.ts. */
export interface End {
  readonly reason: number;
  readonly detail: number;
}

/** What must happen when a polling session goes. */
export interface PollingEnd {
  ended(local: number, poll: PollingTransport, end: End, farewell: Farewell): void;
}

export class ServerSessions {
  readonly spec: ServerSpec;
  readonly heartbeat: Heartbeat;
  /** Set while the server closes: nothing new comes in. */
  closing = false;
  /** Set once by the polling side. */
  polling: PollingEnd | undefined;
  /** Told of every session that has ended here. */
  onEnded: (sid: string) => void = () => {};

  readonly #sessions: SessionTable;
  readonly #census: SessionCensus;
  readonly #inbox: InboxWriter;
  readonly #now: () => number;
  readonly #ping = (local: number): void => sendPacket(this.#sessions, local, controlPacket(PACKET_PING));
  readonly #expire = (local: number): void => this.end(local, REASON_PING_TIMEOUT, DESCRIPTION_NONE, { discard: true });

  constructor(spec: ServerSpec, sessions: SessionTable, census: SessionCensus, inbox: InboxWriter, now: () => number) {
    this.spec = spec;
    this.#census = census;
    this.#sessions = sessions;
    this.#inbox = inbox;
    this.#now = now;
    this.heartbeat = new Heartbeat(sessions.count, spec, now());
  }

  get tickMs(): number {
    return this.heartbeat.tickMs;
  }

  /** Takes a slot for a session that opens within the call's turn; -1 when there is none left or the server closes. */
  reserve(info: RequestInfo): number {
    const local = this.reserveFor(info.revision, info.base64);
    if (local < 0 || this.#census.open()) return local;
    this.#sessions.release(local); // no record has named it
    return -1;
  }

  /** The same for a session that moves here. */
  reserveFor(revision: Revision, base64: boolean): number {
    const { server, perMessageDeflate } = this.spec;
    if (this.closing) return -1;
    return this.#sessions.reserve(server, variantOf(revision, base64), perMessageDeflate?.threshold ?? NEVER_COMPRESS);
  }

  /** The WebSocket of a new session is up: the open packet goes out before anything else can. */
  openSocket(local: number, sid: string, socket: WebSocketHandle, info: RequestInfo): void {
    this.#open(local, sid, socket, undefined, info);
    socket.send(this.openPacket(sid, []), false, false);
  }

  /** A new session polls; the caller answers its request with the open packet. */
  openPolling(local: number, sid: string, info: RequestInfo): PollingTransport {
    const poll = new PollingTransport(sid, info.revision, !info.base64);
    this.#open(local, sid, undefined, poll, info);
    return poll;
  }

  openPacket(sid: string, upgrades: readonly string[]): string {
    const { pingInterval, pingTimeout, maxHttpBufferSize } = this.spec;
    return encodeOpenPacket({ sid, upgrades, pingInterval, pingTimeout, maxPayload: maxHttpBufferSize });
  }

  /** A WebSocket frame of an open session; `bytes` is only valid during the call. */
  frame(local: number, bytes: Uint8Array, isBinary: boolean): void {
    if (!this.#sessions.isOpen(local)) return; // ended by us, the peer's last frames are still coming
    if (bytes.length > this.spec.maxHttpBufferSize) {
      this.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_MAX_PAYLOAD, { code: CLOSE_TOO_BIG });
      return;
    }
    const revision = revisionOf(this.#sessions.variants[local]);
    const kind = classifyFrame(bytes, isBinary, revision);
    switch (kind) {
      case FRAME_MESSAGE_TEXT:
        this.message(local, KIND_TEXT, bytes.subarray(payloadOffset(kind, revision)));
        break;
      case FRAME_MESSAGE_BINARY:
        this.message(local, KIND_BINARY, bytes.subarray(payloadOffset(kind, revision)));
        break;
      case FRAME_MESSAGE_BASE64:
        this.message(local, KIND_BINARY, decodeBase64(bytes, payloadOffset(kind, revision)));
        break;
      case FRAME_PING:
        this.ping(local);
        break;
      case FRAME_PONG:
        this.pong(local);
        break;
      case FRAME_INVALID:
        this.end(local, REASON_PARSE_ERROR, DESCRIPTION_NONE);
        break;
      default:
        this.heartbeat.packet(local, this.#now());
    }
  }

  /** A message of a client, without its engine type; `payload` is only valid during the call. */
  message(local: number, kind: number, payload: Uint8Array): void {
    this.heartbeat.packet(local, this.#now());
    this.#inbox.message(this.#sessions.first + local, kind, payload);
  }

  /** Revision 3 clients ping; a revision 4 client may not. */
  ping(local: number): void {
    this.heartbeat.packet(local, this.#now());
    if (revisionOf(this.#sessions.variants[local]) === 3) sendPacket(this.#sessions, local, controlPacket(PACKET_PONG));
    else this.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_INVALID_HEARTBEAT);
  }

  /** Revision 4 clients answer pings; a revision 3 client may not. */
  pong(local: number): void {
    if (revisionOf(this.#sessions.variants[local]) === 4) this.heartbeat.pong(local, this.#now());
    else this.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_INVALID_HEARTBEAT);
  }

  /** The peer closed its WebSocket. After `end` this finds the session forgotten and does nothing. */
  socketClosed(local: number, tooBig: boolean): void {
    const reason = tooBig ? REASON_TRANSPORT_ERROR : REASON_TRANSPORT_CLOSE;
    this.#forget(local, reason, tooBig ? DESCRIPTION_MAX_PAYLOAD : DESCRIPTION_NONE);
  }

  /** Ends a session from this side, by default after everything already sent to it. */
  end(local: number, reason: number, detail: number, farewell: Farewell = {}): void {
    const socket = this.#sessions.sockets[local];
    const poll = this.#sessions.polls[local];
    if (!this.#forget(local, reason, detail)) return; // first: `end` runs the close handler inside the call
    if (poll !== undefined) this.polling?.ended(local, poll, { reason, detail }, farewell);
    else if (farewell.discard === true) socket?.close();
    else if (farewell.code === undefined) socket?.end();
    else socket?.end(farewell.code);
  }

  /** Heartbeats that have come due. */
  tick(now: number): void {
    this.heartbeat.advance(now, this.#ping, this.#expire);
  }

  #open(
    local: number,
    sid: string,
    socket: WebSocketHandle | undefined,
    poll: PollingTransport | undefined,
    info: RequestInfo,
  ): void {
    const { first, serials } = this.#sessions;
    this.#sessions.open(local, sid, socket, poll);
    this.heartbeat.open(local, info.revision, this.#now());
    this.#inbox.open(first + local, serials[local], this.spec.server, sid, encodeRequest(info, socket === undefined));
  }

  #forget(local: number, reason: number, detail: number): boolean {
    const sid = this.#sessions.sidOf(local);
    if (!this.#sessions.close(local)) return false;
    this.heartbeat.close(local);
    this.#inbox.close(this.#sessions.first + local, reason, detail);
    this.onEnded(sid);
    return true;
  }
}

/** Type of the packet that ends a held poll unless the farewell names another. */
export const FAREWELL_PACKET = PACKET_CLOSE;

function decodeBase64(bytes: Uint8Array, offset: number): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset).toString('latin1');
  return Buffer.from(text, 'base64');
}
