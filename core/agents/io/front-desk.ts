/**
 * Where requests come in on an I/O thread: decides whether one opens a session, belongs to one here, or to one on
 * another thread. Holds the Servers of the thread and everything that serves their sessions.
 */
import { generateSid, threadOfSid } from '../../session/sid.ts';
import type { SessionCensus } from '../../shm/session-census.ts';
import {
  BAD_REQUEST,
  type ConnectionError,
  type ErrorContext,
  SESSION_UNKNOWN,
  TRANSPORT_UNKNOWN,
} from '../../wire/connection-errors.ts';
import { serializeCookie } from '../../wire/cookie.ts';
import { jsonpIndex } from '../../wire/jsonp.ts';
import type { OriginsRule } from '../../wire/origins.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import type { ServerSpec } from '../segment.ts';
import { Candidates } from './candidates.ts';
import { type BodyReceiver, type Exchange, refusal } from './exchange.ts';
import { ForeignRequests } from './foreign-requests.ts';
import {
  type AskApp,
  Gate,
  type HeaderList,
  HOOK_CONNECTION_ERROR,
  HOOK_GENERATE_ID,
  type Refused,
  tooMany,
} from './gate.ts';
import { refuseHandshake, refuseTransport, sidOf, single } from './handshake.ts';
import type { InboxWriter } from './inbox-writer.ts';
import type { LaneListener, LaneMessage, Lanes } from './lanes.ts';
import { Lingering } from './lingering.ts';
import { OwnerLookup } from './owner-lookup.ts';
import { PollingSessions } from './polling-sessions.ts';
import { answerPoll } from './polling-transport.ts';
import { ServerSessions } from './server-sessions.ts';
import type { SessionTable } from './session-table.ts';
import { Upgrades } from './upgrades.ts';
import type { SocketOwner, SocketRequest, WebSocketHandle } from './web-socket-handle.ts';

/** A request under the path of a Server. */
export interface EngineRequest {
  readonly info: RequestInfo;
  readonly query: Readonly<Record<string, string | string[]>>;
}

/** A request whose connection is on this thread. */
export interface LocalRequest extends Exchange {
  /** Headers of the answer, whatever it is. */
  headers: HeaderList;
  /** Told when the answer is a connection error. */
  onRefused: ((code: number, context: ErrorContext) => void) | undefined;
  /** The answer has been written; set by whoever passes the request on, called at most once. */
  onWritten: (() => void) | undefined;
  /** False once it was answered, or the client has gone. */
  readonly open: boolean;
}

interface DeskServer {
  readonly gate: Gate;
  readonly sessions: ServerSessions;
  readonly polling: PollingSessions;
}

export interface FrontDeskParts {
  readonly ioThread: number;
  readonly sessions: SessionTable;
  readonly census: SessionCensus;
  readonly inbox: InboxWriter;
  readonly lanes: (listener: LaneListener) => Lanes;
  readonly now: () => number;
  readonly ioThreads: number;
  /** Asks the app thread about a request. */
  readonly ask: AskApp;
  /** Tells the app thread of a refused request. */
  readonly report: (server: number, info: RequestInfo, error: ConnectionError) => void;
  /** Tells the app thread that a session whose id it was asked for never opens. */
  readonly abandon: (server: number, sid: string) => void;
}

const PACKET_OPEN = 0;
const FULL = tooMany(503, 'Too many connections');
const NOT_A_WEBSOCKET: ConnectionError = { code: BAD_REQUEST, context: { name: 'TRANSPORT_HANDSHAKE_ERROR' } };

export class FrontDesk {
  readonly lanes: Lanes;
  readonly upgrades: Upgrades;
  readonly candidates: Candidates;
  readonly #parts: FrontDeskParts;
  readonly #foreign: ForeignRequests;
  readonly #lookup: OwnerLookup;
  readonly #lingering = new Lingering();
  readonly #servers = new Map<number, DeskServer>();

  constructor(parts: FrontDeskParts) {
    const { sessions, inbox, now } = parts;
    this.#parts = parts;
    this.lanes = parts.lanes({
      message: (from, message) => this.#receive(from, message),
      closed: (thread) => this.#laneClosed(thread),
    });
    this.upgrades = new Upgrades(sessions, this.lanes, (local) => this.serverOf(local)?.heartbeat, now);
    this.#foreign = new ForeignRequests(this.lanes, (server, request, exchange) => {
      const desk = this.#servers.get(server);
      if (desk === undefined) exchange.answer(refusal(SESSION_UNKNOWN, { sid: request.sid }));
      return desk?.polling.request(request, exchange);
    });
    this.#lookup = new OwnerLookup(parts.ioThread, parts.ioThreads, sessions, this.lanes, (sid) =>
      this.upgrades.hasLeft(sid),
    );
    this.candidates = new Candidates({
      sessions,
      lanes: this.lanes,
      upgrades: this.upgrades,
      inbox,
      serverOf: (server) => this.#servers.get(server)?.sessions,
      now,
    });
  }

  // ── Servers ──

  openServer(spec: ServerSpec): void {
    const { sessions: table, census, inbox, now } = this.#parts;
    const sessions = new ServerSessions(spec, table, census, inbox, now);
    const polling = new PollingSessions(sessions, table, inbox, this.upgrades, this.candidates, this.#lingering, now);
    const ended = (sid: string): void => this.candidates.ended(sid);
    sessions.onEnded = ended;
    this.#servers.set(spec.server, { gate: new Gate(spec, this.#parts.ask), sessions, polling });
  }

  forgetServer(server: number): void {
    this.#servers.delete(server);
  }

  setHooks(server: number, hooks: number, origins: OriginsRule | null): void {
    const desk = this.#servers.get(server);
    if (desk === undefined) return;
    desk.gate.hooks = hooks;
    desk.gate.origins = origins;
  }

  blockStrangers(server: number, network: string | null, blocked: boolean): void {
    this.#servers.get(server)?.gate.blockStrangers(network, blocked);
  }

  server(server: number): ServerSessions | undefined {
    return this.#servers.get(server)?.sessions;
  }

  /** The Server of a session by its slot. */
  serverOf(local: number): ServerSessions | undefined {
    return this.#servers.get(this.#parts.sessions.servers[local])?.sessions;
  }

  servers(): Iterable<number> {
    return this.#servers.keys();
  }

  get tickMs(): number {
    let tickMs = 1000;
    for (const { sessions } of this.#servers.values()) tickMs = Math.min(tickMs, sessions.tickMs);
    return tickMs;
  }

  tick(now: number): void {
    for (const { sessions } of this.#servers.values()) sessions.tick(now);
    this.#lingering.tick(now);
    this.candidates.tick(now);
  }

  // ── requests ──

  /**
   * An HTTP request.
   * @param accept gets who takes the body of a post, once that is clear; not called when it was answered without
   */
  http(
    server: number,
    { info, query }: EngineRequest,
    exchange: LocalRequest,
    accept: (receiver: BodyReceiver) => void,
  ): void {
    const desk = this.#servers.get(server);
    if (desk === undefined) {
      exchange.answer(refusal(TRANSPORT_UNKNOWN, { transport: query.transport }));
      return;
    }
    const report: LocalRequest['onRefused'] = (code, context) => this.#report(desk, info, { code, context });
    exchange.onRefused = report;
    const sid = sidOf(query);
    const { spec } = desk.sessions;
    const error =
      sid === '' ? refuseHandshake(spec, info, query.transport, 'polling') : refuseTransport(spec, query.transport);
    const fresh = sid === '' && error === undefined ? generateSid(this.#parts.ioThread) : '';
    const jsonp = jsonpIndex(query.j);
    desk.gate.pass(
      info,
      fresh,
      false,
      (passed) => {
        exchange.headers = passed.headers;
        if (error !== undefined) exchange.answer(refusal(error.code, error.context));
        else if (sid !== '')
          this.#pass(desk, info, { sid, transport: single(query.transport), jsonp }, exchange, accept);
        else if (exchange.open) this.#openPolling(desk, info, passed.sid, jsonp, exchange);
        else this.#abandon(desk, passed.sid);
      },
      ({ answer, headers, sid: made }) => {
        if (fresh !== '' && made !== undefined) this.#abandon(desk, made);
        exchange.headers = headers;
        exchange.answer(answer);
      },
    );
  }

  /** A WebSocket upgrade request. */
  upgrade(server: number, { info, query }: EngineRequest, socket: SocketRequest): void {
    const desk = this.#servers.get(server);
    if (desk === undefined) {
      socket.refuse(TRANSPORT_UNKNOWN, { transport: query.transport });
      return;
    }
    const report: SocketRequest['onRefused'] = (code, context) => this.#report(desk, info, { code, context });
    socket.onRefused = report;
    const sid = sidOf(query);
    const { spec } = desk.sessions;
    const error =
      (sid === ''
        ? refuseHandshake(spec, info, query.transport, 'websocket')
        : refuseTransport(spec, query.transport)) ?? (query.transport === 'websocket' ? undefined : NOT_A_WEBSOCKET);
    const fresh = sid === '' && error === undefined ? generateSid(this.#parts.ioThread) : '';
    desk.gate.pass(
      info,
      fresh,
      true,
      (passed) => {
        socket.headers = passed.headers;
        if (error !== undefined) socket.refuse(error.code, error.context);
        else if (sid !== '') this.#askOwner(desk, info, sid, socket);
        else if (socket.open) this.#openSocket(desk, info, passed.sid, socket);
        else this.#abandon(desk, passed.sid);
      },
      (refused) => {
        if (fresh !== '' && refused.sid !== undefined) this.#abandon(desk, refused.sid);
        refuseSocket(socket, refused);
      },
    );
  }

  #askOwner(desk: DeskServer, { revision, base64 }: RequestInfo, sid: string, socket: SocketRequest): void {
    const { server } = desk.sessions.spec;
    this.#withOwner(desk, sid, (owner) => {
      if (socket.open) this.candidates.ask(owner, { server, sid, revision, base64, socket });
    });
  }

  /** A request of a session, passed to the thread that owns it. */
  #pass(
    desk: DeskServer,
    info: RequestInfo,
    { sid, transport, jsonp }: { sid: string; transport: string; jsonp: string | undefined },
    exchange: LocalRequest,
    accept: (receiver: BodyReceiver) => void,
  ): void {
    const { method, revision } = info;
    const { server } = desk.sessions.spec;
    const contentType = String(info.headers['content-type'] ?? '');
    const request = { method, transport, sid, revision, jsonp, contentType };
    this.#withOwner(desk, sid, (owner) => {
      const receiver =
        owner === this.#parts.ioThread
          ? desk.polling.request(request, exchange)
          : this.#foreign.pass(owner, server, request, exchange);
      if (receiver !== undefined) accept(receiver);
      if (exchange.open) return;
      const { onAborted } = exchange; // the client has gone while the request was parked, and its session is to know
      exchange.onAborted = undefined;
      onAborted?.();
    });
  }

  /** Ids of ours name their thread; those that the application made do not. */
  #withOwner({ gate, sessions }: DeskServer, sid: string, callback: (owner: number) => void): void {
    if ((gate.hooks & HOOK_GENERATE_ID) === 0) callback(threadOfSid(sid));
    else this.#lookup.find(sessions.spec.server, sid, callback);
  }

  #openPolling(
    desk: DeskServer,
    info: RequestInfo,
    sid: string,
    jsonp: string | undefined,
    exchange: LocalRequest,
  ): void {
    const { sessions } = desk;
    const textOnly = jsonp === undefined ? info : { ...info, base64: true };
    const local = sessions.reserve(textOnly);
    if (local < 0) {
      this.#abandon(desk, sid);
      exchange.answer(FULL.answer);
      return;
    }
    const poll = sessions.openPolling(local, sid, textOnly);
    const { allowUpgrades, transports, cookie } = sessions.spec;
    const upgrades = allowUpgrades && transports.includes('websocket') ? ['websocket'] : [];
    const data = Buffer.from(sessions.openPacket(sid, upgrades).slice(1));
    const setCookie = cookie === null ? undefined : serializeCookie(cookie, sid);
    answerPoll(exchange, [{ type: PACKET_OPEN, binary: false, data, compress: true }], poll, jsonp, setCookie);
  }

  #openSocket(desk: DeskServer, info: RequestInfo, sid: string, request: SocketRequest): void {
    const { sessions } = desk;
    const local = sessions.reserve(info);
    if (local >= 0) {
      request.accept(new SessionSocket(sessions, local, sid, info));
      return;
    }
    this.#abandon(desk, sid);
    refuseSocket(request, { ...FULL, headers: request.headers });
  }

  /** The session that a request was to open never opens: an id made for it is free again. */
  #abandon({ gate, sessions }: DeskServer, sid: string): void {
    if (gate.hooks !== 0) this.#parts.abandon(sessions.spec.server, sid);
  }

  #report({ gate, sessions }: DeskServer, info: RequestInfo, error: ConnectionError): void {
    if ((gate.hooks & HOOK_CONNECTION_ERROR) !== 0) this.#parts.report(sessions.spec.server, info, error);
  }

  #receive(from: number, message: LaneMessage): void {
    this.#foreign.receive(from, message);
    this.#lookup.receive(from, message);
    this.upgrades.receive(from, message);
    this.candidates.receive(from, message);
  }

  #laneClosed(thread: number): void {
    this.#foreign.laneClosed(thread);
    this.#lookup.laneClosed(thread);
    this.upgrades.laneClosed(thread);
    this.candidates.laneClosed(thread);
  }
}

/** The WebSocket of a session that began with it. */
class SessionSocket implements SocketOwner {
  readonly #sessions: ServerSessions;
  #local: number;
  #handshake: { readonly sid: string; readonly info: RequestInfo } | undefined;

  constructor(sessions: ServerSessions, local: number, sid: string, info: RequestInfo) {
    this.#sessions = sessions;
    this.#local = local;
    this.#handshake = { sid, info };
  }

  opened(socket: WebSocketHandle): void {
    if (this.#handshake === undefined) return;
    const { sid, info } = this.#handshake;
    this.#handshake = undefined;
    this.#sessions.openSocket(this.#local, sid, socket, info);
  }

  frame(bytes: Uint8Array, isBinary: boolean): void {
    if (this.#local >= 0) this.#sessions.frame(this.#local, bytes, isBinary);
  }

  closed(tooBig: boolean): void {
    const local = this.#local;
    this.#local = -1; // the slot may soon be another session's
    this.#sessions.socketClosed(local, tooBig);
  }
}

/** Answers what the gate refused; without a code the application has reported it itself. */
function refuseSocket(socket: SocketRequest, { answer, headers, socketStatus, text }: Refused): void {
  socket.headers = headers;
  if (answer.code === undefined) socket.onRefused = undefined;
  socket.refuse(answer.code ?? BAD_REQUEST, answer.context ?? {}, socketStatus, text);
}
