/**
 * Where requests come in on an I/O thread: decides whether one opens a session, belongs to one here, or to one on
 * another thread. Holds the Servers of the thread and everything that serves their sessions.
 */
import { generateSid, threadOfSid } from '../../session/sid.ts';
import {
  BAD_HANDSHAKE_METHOD,
  BAD_REQUEST,
  SESSION_UNKNOWN,
  TRANSPORT_UNKNOWN,
  UNSUPPORTED_VERSION,
} from '../../wire/connection-errors.ts';
import { jsonpIndex } from '../../wire/jsonp.ts';
import type { RequestInfo } from '../../wire/request-info.ts';
import type { ServerSpec } from '../segment.ts';
import { Candidates } from './candidates.ts';
import type { BodyReceiver, Exchange } from './exchange.ts';
import { ForeignRequests } from './foreign-requests.ts';
import type { InboxWriter } from './inbox-writer.ts';
import { type LaneMessage, Lanes } from './lanes.ts';
import { PollingSessions, refusal } from './polling-sessions.ts';
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

interface DeskServer {
  readonly sessions: ServerSessions;
  readonly polling: PollingSessions;
}

export interface FrontDeskParts {
  readonly ioThread: number;
  readonly sessions: SessionTable;
  readonly inbox: InboxWriter;
  readonly lanes: (onMessage: (from: number, message: LaneMessage) => void) => Lanes;
  readonly now: () => number;
}

const PACKET_OPEN = 0;

export class FrontDesk {
  readonly lanes: Lanes;
  readonly upgrades: Upgrades;
  readonly candidates: Candidates;
  readonly #parts: FrontDeskParts;
  readonly #foreign: ForeignRequests;
  readonly #servers = new Map<number, DeskServer>();

  constructor(parts: FrontDeskParts) {
    const { sessions, inbox, now } = parts;
    this.#parts = parts;
    this.lanes = parts.lanes((from, message) => this.#receive(from, message));
    this.upgrades = new Upgrades(sessions, this.lanes, (local) => this.serverOf(local)?.heartbeat, now);
    this.#foreign = new ForeignRequests(this.lanes, (server, request, exchange) => {
      const desk = this.#servers.get(server);
      if (desk === undefined) exchange.answer(refusal(SESSION_UNKNOWN));
      return desk?.polling.request(request, exchange);
    });
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
    const { sessions: table, inbox, now } = this.#parts;
    const sessions = new ServerSessions(spec, table, inbox, now);
    const polling = new PollingSessions(sessions, table, inbox, this.upgrades, now);
    sessions.onEnded = (local, sid) => {
      this.candidates.sessionEnded(local);
      this.candidates.ended(sid);
    };
    this.#servers.set(spec.server, { sessions, polling });
  }

  forgetServer(server: number): void {
    this.#servers.delete(server);
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
    for (const { sessions, polling } of this.#servers.values()) {
      sessions.tick(now);
      polling.tick(now);
    }
    this.candidates.tick(now);
  }

  /** An I/O thread has died. */
  threadDown(ioThread: number): void {
    this.#foreign.threadDown(ioThread);
    this.upgrades.threadDown(ioThread);
    this.candidates.threadDown(ioThread);
  }

  // ── requests ──

  /** An HTTP request; for a post that was accepted, who takes its body. */
  http(server: number, { info, query }: EngineRequest, exchange: Exchange): BodyReceiver | undefined {
    const desk = this.#servers.get(server);
    const transport = single(query.transport);
    if (desk === undefined || !isKnown(desk, transport)) {
      exchange.answer(refusal(TRANSPORT_UNKNOWN));
      return undefined;
    }
    const sid = single(query.sid);
    if (sid !== '') {
      const jsonp = jsonpIndex(query.j);
      const contentType = String(info.headers['content-type'] ?? '');
      const request = { method: info.method, transport, sid, revision: info.revision, jsonp, contentType };
      const owner = threadOfSid(sid);
      if (owner !== this.#parts.ioThread) return this.#foreign.pass(owner, server, request, exchange);
      return desk.polling.request(request, exchange);
    }
    const code = info.method !== 'GET' ? BAD_HANDSHAKE_METHOD : transport !== 'polling' ? BAD_REQUEST : undefined;
    const refused = code ?? this.#refuseRevision(desk, info);
    if (refused !== undefined) exchange.answer(refusal(refused));
    else this.#openPolling(desk, info, jsonpIndex(query.j), exchange);
    return undefined;
  }

  /** A WebSocket upgrade request. */
  upgrade(server: number, { info, query }: EngineRequest, socket: SocketRequest): void {
    const desk = this.#servers.get(server);
    const transport = single(query.transport);
    const sid = single(query.sid);
    if (desk === undefined || !isKnown(desk, transport)) socket.refuse(TRANSPORT_UNKNOWN);
    else if (transport !== 'websocket') socket.refuse(BAD_REQUEST);
    else if (sid !== '') {
      const { revision, base64 } = info;
      this.candidates.ask(threadOfSid(sid), { server, sid, revision, base64, socket });
    } else {
      const refused = this.#refuseRevision(desk, info);
      if (refused !== undefined) socket.refuse(refused);
      else this.#openSocket(desk, info, socket);
    }
  }

  #refuseRevision({ sessions }: DeskServer, info: RequestInfo): number | undefined {
    return info.revision === 3 && !sessions.spec.allowEIO3 ? UNSUPPORTED_VERSION : undefined;
  }

  #openPolling({ sessions }: DeskServer, info: RequestInfo, jsonp: string | undefined, exchange: Exchange): void {
    const textOnly = jsonp === undefined ? info : { ...info, base64: true };
    const local = sessions.reserve(textOnly);
    if (local < 0) {
      exchange.answer({ status: 503, body: 'Too many connections', close: true });
      return;
    }
    const sid = generateSid(this.#parts.ioThread);
    const poll = sessions.openPolling(local, sid, textOnly);
    const { allowUpgrades, transports } = sessions.spec;
    const upgrades = allowUpgrades && transports.includes('websocket') ? ['websocket'] : [];
    const data = Buffer.from(sessions.openPacket(sid, upgrades).slice(1));
    answerPoll(exchange, [{ type: PACKET_OPEN, binary: false, data, compress: true }], poll, jsonp);
  }

  #openSocket({ sessions }: DeskServer, info: RequestInfo, request: SocketRequest): void {
    const local = sessions.reserve(info);
    if (local < 0) {
      request.refuse(BAD_REQUEST, 503);
      return;
    }
    const sid = generateSid(this.#parts.ioThread);
    request.accept(new SessionSocket(sessions, local, sid, info));
  }

  #receive(from: number, message: LaneMessage): void {
    this.#foreign.receive(from, message);
    this.upgrades.receive(from, message);
    this.candidates.receive(message);
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

const isKnown = ({ sessions }: DeskServer, transport: string): boolean =>
  (sessions.spec.transports as readonly string[]).includes(transport);

/** A query value that is there once; anything else counts as absent. */
const single = (value: string | string[] | undefined): string => (typeof value === 'string' ? value : '');
