/**
 * The sessions of one Server on one I/O thread: handshake, heartbeat, inbound frames, ends. It knows Engine.IO and no
 * Socket.IO; what a message carries goes to the coordinator unread.
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
import { generateSid } from '../../session/sid.ts';
import {
  classifyFrame,
  FRAME_INVALID,
  FRAME_MESSAGE_BASE64,
  FRAME_MESSAGE_BINARY,
  FRAME_MESSAGE_TEXT,
  FRAME_PING,
  FRAME_PONG,
  PING_BYTES,
  PONG_BYTES,
  payloadOffset,
} from '../../wire/engine-packet.ts';
import { encodeOpenPacket } from '../../wire/open-packet.ts';
import { encodeRequestInfo, type RequestInfo } from '../../wire/request-info.ts';
import { KIND_BINARY, KIND_TEXT } from '../records.ts';
import type { ServerSpec } from '../segment.ts';
import type { InboxWriter } from './inbox-writer.ts';
import { revisionOf, type SessionTable, variantOf } from './session-table.ts';
import type { WebSocketHandle } from './web-socket-handle.ts';

/** WebSocket close code for a message over the limit. */
const CLOSE_TOO_BIG = 1009;

export class ServerSessions {
  readonly spec: ServerSpec;
  /** Set while the server closes: nothing new comes in. */
  closing = false;

  readonly #ioThread: number;
  readonly #sessions: SessionTable;
  readonly #inbox: InboxWriter;
  readonly #heartbeat: Heartbeat;
  readonly #now: () => number;
  readonly #ping = (local: number): void => {
    this.#sessions.sockets[local]?.send(PING_BYTES, false, false);
  };
  readonly #expire = (local: number): void => this.end(local, REASON_PING_TIMEOUT, DESCRIPTION_NONE, true);

  constructor(spec: ServerSpec, ioThread: number, sessions: SessionTable, inbox: InboxWriter, now: () => number) {
    this.spec = spec;
    this.#ioThread = ioThread;
    this.#sessions = sessions;
    this.#inbox = inbox;
    this.#now = now;
    this.#heartbeat = new Heartbeat(sessions.count, spec, now());
  }

  get tickMs(): number {
    return this.#heartbeat.tickMs;
  }

  /** Takes a slot for a request that passed all checks; -1 when the thread has none left. */
  reserve(info: RequestInfo): number {
    return this.#sessions.reserve(this.spec.server, variantOf(info.revision, info.base64));
  }

  /** The WebSocket is up: the open packet goes out before anything else can. */
  open(local: number, socket: WebSocketHandle, info: RequestInfo): void {
    const sid = generateSid(this.#ioThread);
    const { pingInterval, pingTimeout, maxHttpBufferSize } = this.spec;
    this.#sessions.open(local, socket);
    this.#heartbeat.open(local, info.revision, this.#now());
    socket.send(encodeOpenPacket({ sid, upgrades: [], pingInterval, pingTimeout, maxPayload: maxHttpBufferSize }));
    this.#inbox.open(this.#sessions.first + local, this.spec.server, sid, encodeRequestInfo(info));
  }

  /** A WebSocket message; `bytes` is only valid during the call. */
  message(local: number, bytes: Uint8Array, isBinary: boolean): void {
    const socket = this.#sessions.sockets[local];
    if (socket === undefined) return; // ended by us, the peer's last frames are still coming
    if (bytes.length > this.spec.maxHttpBufferSize) {
      this.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_MAX_PAYLOAD, false, CLOSE_TOO_BIG);
      return;
    }
    const revision = revisionOf(this.#sessions.variants[local]);
    const kind = classifyFrame(bytes, isBinary, revision);
    if (kind === FRAME_PONG && revision === 4) this.#heartbeat.pong(local, this.#now());
    else this.#heartbeat.packet(local, this.#now());
    switch (kind) {
      case FRAME_MESSAGE_TEXT:
        this.#deliver(local, KIND_TEXT, bytes.subarray(payloadOffset(kind, revision)));
        break;
      case FRAME_MESSAGE_BINARY:
        this.#deliver(local, KIND_BINARY, bytes.subarray(payloadOffset(kind, revision)));
        break;
      case FRAME_MESSAGE_BASE64:
        this.#deliver(local, KIND_BINARY, decodeBase64(bytes, payloadOffset(kind, revision)));
        break;
      case FRAME_PING:
        if (revision === 3) socket.send(PONG_BYTES, false, false);
        else this.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_INVALID_HEARTBEAT, false);
        break;
      case FRAME_PONG:
        if (revision === 3) this.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_INVALID_HEARTBEAT, false);
        break;
      case FRAME_INVALID:
        this.end(local, REASON_PARSE_ERROR, DESCRIPTION_NONE, false);
        break;
    }
  }

  /** The peer is gone. After `end` this finds the session forgotten and does nothing. */
  closed(local: number, tooBig: boolean): void {
    if (this.#sessions.close(local) === undefined) return;
    this.#heartbeat.close(local);
    const reason = tooBig ? REASON_TRANSPORT_ERROR : REASON_TRANSPORT_CLOSE;
    this.#inbox.close(this.#sessions.first + local, reason, tooBig ? DESCRIPTION_MAX_PAYLOAD : DESCRIPTION_NONE);
  }

  /** Ends a session from this side, after everything already sent to it, or without that (`discard`). */
  end(local: number, reason: number, detail: number, discard: boolean, closeCode?: number): void {
    const socket = this.#sessions.close(local); // first: `end` runs the close handler inside the call
    if (socket === undefined) return;
    this.#heartbeat.close(local);
    this.#inbox.close(this.#sessions.first + local, reason, detail);
    if (discard) socket.close();
    else if (closeCode === undefined) socket.end();
    else socket.end(closeCode);
  }

  /** Heartbeats that have come due. */
  tick(now: number): void {
    this.#heartbeat.advance(now, this.#ping, this.#expire);
  }

  #deliver(local: number, kind: number, payload: Uint8Array): void {
    this.#inbox.message(this.#sessions.first + local, kind, payload);
  }
}

function decodeBase64(bytes: Uint8Array, offset: number): Uint8Array {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset).toString('latin1');
  return Buffer.from(text, 'base64');
}
