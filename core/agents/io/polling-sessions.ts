/**
 * The polling requests of one Server's sessions on the I/O thread that owns them: held polls, posts, ends that linger.
 * The requests may have come in on any thread; an Exchange hides which.
 */
import {
  DESCRIPTION_INVALID_CONTENT,
  DESCRIPTION_NONE,
  DESCRIPTION_POLL_ABORTED,
  DESCRIPTION_POLL_OVERLAP,
  DESCRIPTION_POST_ABORTED,
  DESCRIPTION_POST_OVERLAP,
  REASON_FORCED_CLOSE,
  REASON_PARSE_ERROR,
  REASON_SERVER_SHUTTING_DOWN,
  REASON_TRANSPORT_CLOSE,
  REASON_TRANSPORT_ERROR,
} from '../../session/reasons.ts';
import { BAD_REQUEST, protocolMismatch, SESSION_UNKNOWN } from '../../wire/connection-errors.ts';
import type { Revision } from '../../wire/engine-packet.ts';
import { decodeJsonpBody } from '../../wire/jsonp.ts';
import type { DecodedPayload, PayloadLimits } from '../../wire/payload.ts';
import { decodePayloadV3 } from '../../wire/payload-v3.ts';
import { decodePayloadV4 } from '../../wire/payload-v4.ts';
import { KIND_BINARY, KIND_TEXT } from '../records.ts';
import type { Candidates } from './candidates.ts';
import { type BodyReceiver, type Exchange, type HttpAnswer, refusal } from './exchange.ts';
import type { InboxWriter } from './inbox-writer.ts';
import type { Lingering } from './lingering.ts';
import { answerPoll, controlPacket, type PollingTransport } from './polling-transport.ts';
import { type End, FAREWELL_PACKET, type Farewell, type PollingEnd, type ServerSessions } from './server-sessions.ts';
import type { SessionTable } from './session-table.ts';
import type { Upgrades } from './upgrades.ts';

const PACKET_CLOSE = 1;
const PACKET_PING = 2;
const PACKET_PONG = 3;
const PACKET_MESSAGE = 4;
const PACKET_NOOP = 6;

const OK: HttpAnswer = { status: 200, contentType: 'text/html', body: 'ok' };
const EMPTY_400: HttpAnswer = { status: 400 };
const EMPTY_500: HttpAnswer = { status: 500 };

/** Packets of any body; a decoded one takes many times its bytes. */
const MIN_PACKETS = 16_384;
/** The smallest event of a client with its separator: a body full of them is good, however large bodies may be. */
const MIN_EVENT_BYTES = 8;
const NOTHING = { packets: [], valid: true };

/** A polling request with a sid, as far as the owner needs it. */
export interface PollingRequest {
  readonly method: string;
  /** As the query names it: a session that polls refuses any other. */
  readonly transport: string;
  readonly sid: string;
  readonly revision: Revision;
  /** Digits of `j`, for JSONP. */
  readonly jsonp: string | undefined;
  readonly contentType: string;
}

/** Ends of ours: what was sent before arrives. A client that broke the protocol is only told that it is over. */
const KEEPING_REASONS: readonly number[] = [REASON_FORCED_CLOSE, REASON_SERVER_SHUTTING_DOWN];

export class PollingSessions implements PollingEnd {
  readonly #server: ServerSessions;
  readonly #sessions: SessionTable;
  readonly #inbox: InboxWriter;
  readonly #upgrades: Upgrades;
  readonly #candidates: Candidates;
  readonly #now: () => number;
  readonly #lingering: Lingering;
  readonly #limits: PayloadLimits;

  constructor(
    server: ServerSessions,
    sessions: SessionTable,
    inbox: InboxWriter,
    upgrades: Upgrades,
    candidates: Candidates,
    lingering: Lingering,
    now: () => number,
  ) {
    this.#server = server;
    this.#sessions = sessions;
    this.#inbox = inbox;
    this.#upgrades = upgrades;
    this.#candidates = candidates;
    this.#lingering = lingering;
    this.#now = now;
    const maxEvents = Math.floor(server.spec.maxHttpBufferSize / MIN_EVENT_BYTES);
    this.#limits = { maxPackets: Math.max(MIN_PACKETS, maxEvents) };
    server.polling = this;
  }

  /** A request with a sid; for a post that was accepted, who takes its body. */
  request(request: PollingRequest, exchange: Exchange): BodyReceiver | undefined {
    if (request.method === 'POST') return this.#post(request, exchange);
    if (request.method === 'GET') this.#get(request, exchange);
    else if (this.#find(request, exchange) >= 0) exchange.answer(EMPTY_500);
    return undefined;
  }

  /** A poll: answered at once when packets wait, held otherwise. */
  #get(request: PollingRequest, exchange: Exchange): void {
    const { server } = this.#server.spec;
    // An id of the application's making may be in use again.
    const isOver = this.#sessions.find(server, request.sid) < 0;
    const words = isOver ? this.#lingering.take(server, request.sid) : undefined;
    if (words !== undefined) {
      const last = [...words.packets, controlPacket(PACKET_NOOP), controlPacket(PACKET_CLOSE)];
      answerPoll(exchange, last, words, request.jsonp);
      return;
    }
    const local = this.#find(request, exchange);
    if (local < 0) return;
    const poll = this.#sessions.polls[local] as PollingTransport;
    if (poll.held) {
      exchange.answer(EMPTY_400);
      this.#server.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_OVERLAP, { discard: true });
      return;
    }
    const lost = (): void => {
      if (this.#sessions.polls[local] !== poll) return;
      this.#server.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_ABORTED, { discard: true });
    };
    const aborted = (): void => {
      poll.release();
      lost();
    };
    exchange.onAborted = aborted;
    exchange.onLost = lost;
    poll.hold(exchange, request.jsonp);
    if (poll.queuedBytes === 0 && this.#upgrades.isProbed(poll)) poll.enqueue(controlPacket(PACKET_NOOP));
    poll.flush();
  }

  /** A post whose body is to come; undefined when it was answered already. */
  #post(request: PollingRequest, exchange: Exchange): BodyReceiver | undefined {
    const local = this.#find(request, exchange);
    if (local < 0) return undefined;
    const poll = this.#sessions.polls[local] as PollingTransport;
    if (poll.post !== undefined) {
      exchange.answer(EMPTY_400);
      this.#server.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_POST_OVERLAP, { discard: true });
      return undefined;
    }
    const binary = request.contentType === 'application/octet-stream';
    if (binary && poll.revision === 4) {
      exchange.answer(EMPTY_400);
      this.#server.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_INVALID_CONTENT, { discard: true });
      return undefined;
    }
    poll.post = exchange;
    const aborted = (): void => {
      if (poll.post !== exchange) return;
      poll.post = undefined;
      if (this.#sessions.polls[local] !== poll) return;
      this.#server.end(local, REASON_TRANSPORT_ERROR, DESCRIPTION_POST_ABORTED, { discard: true });
    };
    exchange.onAborted = aborted;
    return {
      body: (bytes) => this.#received(local, poll, exchange, request, bytes),
      refused: () => {
        if (poll.post === exchange) poll.post = undefined;
      },
    };
  }

  /** A polling session has ended: its open requests are answered, or its last packets wait for the next poll. */
  ended(local: number, poll: PollingTransport, end: End, farewell: Farewell): void {
    const discard = farewell.discard === true;
    if (poll.sid === '') {
      this.#candidates.sessionEnded(local, poll, farewell);
      return;
    }
    const bytes = poll.queuedBytes;
    const packets = poll.take();
    this.#upgrades.sessionEnded(poll, end, discard ? undefined : packets);
    const post = poll.post;
    poll.post = undefined;
    if (post !== undefined) {
      post.onAborted = undefined;
      post.answer({ status: 400, close: true });
    }
    if (poll.held) {
      poll.enqueue(controlPacket(farewell.packet ?? FAREWELL_PACKET)); // nothing else waits while a poll is held
      poll.flush();
    } else if (!discard) {
      const { sid, revision, binary } = poll;
      const keeps = KEEPING_REASONS.includes(end.reason);
      const words = { revision, binary, packets: keeps ? packets : [] };
      this.#lingering.add(this.#server.spec.server, sid, words, keeps ? bytes : 0, this.#now());
    }
  }

  /** Local slot of the polling session; -1 when the request was refused. */
  #find({ sid, revision, transport }: PollingRequest, exchange: Exchange): number {
    const local = this.#sessions.find(this.#server.spec.server, sid);
    const poll = local < 0 ? undefined : this.#sessions.polls[local];
    const fits = poll !== undefined && poll.revision === revision && transport === 'polling';
    if (fits && !this.#upgrades.isArriving(local)) return local;
    // A session that is here with another transport or revision, or has moved away, is known; the request is wrong.
    if (local < 0 && !this.#upgrades.hasLeft(sid)) {
      exchange.answer(refusal(SESSION_UNKNOWN, { sid }));
    } else if (poll !== undefined && transport === 'polling' && poll.revision !== revision) {
      exchange.answer(refusal(BAD_REQUEST, protocolMismatch(revision, poll.revision)));
    } else {
      const previousTransport = poll === undefined || this.#upgrades.isArriving(local) ? 'websocket' : 'polling';
      exchange.answer(refusal(BAD_REQUEST, { name: 'TRANSPORT_MISMATCH', transport, previousTransport }));
    }
    return -1;
  }

  #received(
    local: number,
    poll: PollingTransport,
    exchange: Exchange,
    request: PollingRequest,
    bytes: Uint8Array,
  ): void {
    if (poll.post !== exchange) return; // the session ended meanwhile, and with it this post
    poll.post = undefined;
    exchange.onAborted = undefined;
    const payload = decode(poll.revision, request, bytes, this.#limits);
    for (const { type, binary: isBinary, data } of payload.packets) {
      if (this.#sessions.polls[local] !== poll) break;
      this.#packet(local, type, isBinary, data);
    }
    if (!payload.valid && this.#sessions.polls[local] === poll) {
      this.#server.end(local, REASON_PARSE_ERROR, DESCRIPTION_NONE);
    }
    // Its packets must not be lost behind an answered post: `ok` only once the coordinator is sure to read them.
    this.#inbox.whenCommitted(() => exchange.answer(OK));
  }

  #packet(local: number, type: number, isBinary: boolean, data: Uint8Array): void {
    switch (type) {
      case PACKET_MESSAGE:
        this.#server.message(local, isBinary ? KIND_BINARY : KIND_TEXT, data);
        break;
      case PACKET_PING:
        this.#server.ping(local);
        break;
      case PACKET_PONG:
        this.#server.pong(local);
        break;
      case PACKET_CLOSE:
        this.#server.end(local, REASON_TRANSPORT_CLOSE, DESCRIPTION_NONE, { discard: true, packet: PACKET_NOOP });
        break;
    }
  }
}

function decode(
  revision: Revision,
  { jsonp, contentType }: PollingRequest,
  bytes: Uint8Array,
  limits: PayloadLimits,
): DecodedPayload {
  const body = jsonp === undefined ? bytes : decodeJsonpBody(bytes);
  if (body === undefined) return NOTHING;
  if (revision === 4) return decodePayloadV4(body, limits);
  return decodePayloadV3(body, contentType === 'application/octet-stream' && jsonp === undefined, limits);
}
