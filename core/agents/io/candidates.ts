/**
 * The candidate's half of transport upgrades: WebSockets on this I/O thread that want to carry a session which polls,
 * here or on another thread. The owner's half is in upgrades.ts.
 *
 *   ASKING ──accepted──▶ OPENING ──WebSocket up──▶ OPEN ──2probe──▶ PROBED ──5──▶ COMMITTED ──hand-over──▶ (session)
 *
 * Until the client's upgrade packet the session lives on polling whatever happens here. From COMMITTED on the slot
 * reserved here belongs to it: the coordinator moves it, or cancels with CLOSE and RELEASE for that slot. A session that
 * ends in between leaves its candidate PARTING, until the packets its client is still due have come from the old thread.
 */
import type { Heartbeat } from '../../session/heartbeat.ts';
import { DESCRIPTION_THREAD_LOST, REASON_TRANSPORT_ERROR } from '../../session/reasons.ts';
import { BAD_REQUEST, SESSION_UNKNOWN } from '../../wire/connection-errors.ts';
import { type Revision, UPGRADE_CODE } from '../../wire/engine-packet.ts';
import type { InboxWriter } from './inbox-writer.ts';
import type { LaneMessage, Lanes, SessionPlace } from './lanes.ts';
import { PollingTransport, type QueuedPacket } from './polling-transport.ts';
import type { Farewell, ServerSessions } from './server-sessions.ts';
import { type SessionTable, variantOf } from './session-table.ts';
import { sendOverSocket } from './transport-writer.ts';
import type { Upgrades } from './upgrades.ts';
import type { SocketOwner, SocketRequest, WebSocketHandle } from './web-socket-handle.ts';

const ASKING = 0;
const OPENING = 1;
const OPEN = 2;
const PROBED = 3;
const COMMITTED = 4;
/** The WebSocket carries the session. */
const LIVE = 5;
/** The session has ended; the WebSocket waits for its last packets. */
const PARTING = 6;

/** Context of an upgrade that was given up before it could open. */
const NO_UPGRADE = { name: 'TRANSPORT_HANDSHAKE_ERROR' };

/** The upgrade request, parked until the owner has spoken. */
export interface UpgradeRequest {
  readonly server: number;
  readonly sid: string;
  readonly revision: Revision;
  readonly base64: boolean;
  readonly socket: SocketRequest;
}

export class Candidate implements SocketOwner {
  readonly id: number;
  readonly owner: number;
  readonly request: UpgradeRequest;
  state = ASKING;
  place: SessionPlace = { slot: -1, serial: 0 };
  /** Slot reserved here. */
  local = -1;
  socket: WebSocketHandle | undefined;
  /** COMMITTED, and the coordinator has moved the session. */
  moved = false;
  /** The old owner is dead: nothing more comes from it. */
  orphaned = false;
  /** PARTING: what was kept aside here, to follow what still comes from the old owner. */
  aside: readonly QueuedPacket[] = [];
  /** PARTING: WebSocket close code. */
  code: number | undefined;
  /** Milliseconds on the monotonic clock. */
  readonly deadline: number;

  readonly #all: Candidates;

  constructor(all: Candidates, id: number, owner: number, request: UpgradeRequest, deadline: number) {
    this.#all = all;
    this.id = id;
    this.owner = owner;
    this.request = request;
    this.deadline = deadline;
  }

  opened(socket: WebSocketHandle): void {
    this.#all.opened(this, socket);
  }

  frame(bytes: Uint8Array, isBinary: boolean): void {
    this.#all.frame(this, bytes, isBinary);
  }

  closed(tooBig: boolean): void {
    this.#all.closed(this, tooBig);
  }
}

export interface CandidatesParts {
  readonly sessions: SessionTable;
  readonly lanes: Lanes;
  readonly upgrades: Upgrades;
  readonly inbox: InboxWriter;
  readonly serverOf: (server: number) => ServerSessions | undefined;
  readonly now: () => number;
}

export class Candidates {
  readonly #parts: CandidatesParts;
  readonly #candidates = new Map<number, Candidate>();
  /** COMMITTED ones by local slot. */
  readonly #committed = new Map<number, Candidate>();
  /** Ids of sessions that moved here, with their first thread: it holds a tombstone until they end. */
  readonly #movedFrom = new Map<string, number>();
  #nextId = 1;

  constructor(parts: CandidatesParts) {
    this.#parts = parts;
  }

  /** An upgrade request with a sid of `owner`. */
  ask(owner: number, request: UpgradeRequest): void {
    const timeout = this.#parts.serverOf(request.server)?.spec.upgradeTimeout ?? 0;
    const candidate = new Candidate(this, this.#nextId++, owner, request, this.#parts.now() + timeout);
    if (!this.#parts.lanes.reaches(owner)) {
      request.socket.refuse(SESSION_UNKNOWN, { sid: request.sid });
      return;
    }
    this.#candidates.set(candidate.id, candidate);
    const aborted = (): void => this.#drop(candidate);
    request.socket.onAborted = aborted;
    const { server, sid, revision } = request;
    this.#parts.lanes.post(owner, { op: 'candidate', id: candidate.id, server, sid, revision });
  }

  opened(candidate: Candidate, socket: WebSocketHandle): void {
    candidate.socket = socket;
    candidate.state = OPEN;
  }

  /** A frame of a candidate's WebSocket; `bytes` is only valid during the call. */
  frame(candidate: Candidate, bytes: Uint8Array, isBinary: boolean): void {
    const { lanes } = this.#parts;
    if (candidate.socket === undefined) return; // given up, the peer's last frames are still coming
    if (candidate.state === PARTING) return;
    if (candidate.state >= COMMITTED) {
      this.#parts.serverOf(candidate.request.server)?.frame(candidate.local, bytes, isBinary);
    } else if (candidate.state === OPEN && isText(bytes, isBinary, '2probe')) {
      candidate.state = PROBED;
      candidate.socket?.send('3probe', false, false);
      lanes.post(candidate.owner, { op: 'probed', id: candidate.id });
    } else if (candidate.state === PROBED && !isBinary && bytes.length === 1 && bytes[0] === UPGRADE_CODE) {
      this.#commit(candidate);
    } else {
      this.#fail(candidate);
    }
  }

  /** The candidate's WebSocket is gone. */
  closed(candidate: Candidate, tooBig: boolean): void {
    candidate.socket = undefined;
    if (candidate.state < COMMITTED) {
      this.#drop(candidate);
      return;
    }
    if (candidate.state === PARTING) {
      this.#candidates.delete(candidate.id);
      return;
    }
    // Too late for polling: the coordinator closes the session once it has moved.
    if (candidate.state === COMMITTED) this.#forgetCommitted(candidate);
    this.#parts.serverOf(candidate.request.server)?.socketClosed(candidate.local, tooBig);
  }

  /** A committed session ends before its queue has arrived; `aside` is what came for it here. */
  sessionEnded(local: number, aside: PollingTransport, { discard, code }: Farewell): void {
    const candidate = this.#committed.get(local);
    if (candidate === undefined) return;
    this.#committed.delete(local);
    this.#parts.upgrades.arriving.delete(local);
    candidate.state = PARTING;
    candidate.code = code;
    candidate.aside = aside.take();
    if (discard === true || candidate.orphaned) this.#part(candidate, []);
  }

  /** A session that has ended, by id, for the tombstone on its first thread. */
  ended(sid: string): void {
    const thread = this.#movedFrom.get(sid);
    if (thread === undefined) return;
    this.#movedFrom.delete(sid);
    this.#parts.lanes.post(thread, { op: 'ended', sid });
  }

  /** A lane message of this part; others are left alone. */
  receive(from: number, message: LaneMessage): void {
    if (message.op === 'handOver') {
      const candidate = this.#candidates.get(message.id);
      if (candidate?.state === COMMITTED) {
        this.#arrived(candidate, message);
        return;
      }
      this.#parts.lanes.post(from, { op: 'ended', sid: message.sid });
      if (candidate !== undefined) this.#part(candidate, [...message.packets, ...candidate.aside]);
    } else if (message.op === 'accepted' || message.op === 'rejected' || message.op === 'sessionGone') {
      const candidate = this.#candidates.get(message.id);
      if (candidate === undefined) return;
      if (message.op === 'accepted') this.#accepted(candidate, message.place);
      else if (message.op === 'sessionGone') this.#sessionGone(candidate, message);
      else {
        this.#candidates.delete(candidate.id);
        candidate.request.socket.refuse(message.error.code, message.error.context);
      }
    }
  }

  /** Ends candidates whose time is over. */
  tick(now: number): void {
    for (const candidate of this.#candidates.values()) {
      if (candidate.state < COMMITTED && candidate.deadline <= now) this.#fail(candidate);
    }
  }

  /** MOVED was read: from here on only the old owner's death can keep the queue from arriving. */
  moved(local: number): void {
    const candidate = this.#committed.get(local);
    if (candidate !== undefined) candidate.moved = true;
  }

  /** THREAD_DOWN was read: sessions that had moved before, and whose queues have not arrived, are lost. */
  threadDown(thread: number): void {
    for (const candidate of [...this.#committed.values()]) {
      if (candidate.owner !== thread || !candidate.moved) continue;
      candidate.orphaned = true;
      this.#parts
        .serverOf(candidate.request.server)
        ?.end(candidate.local, REASON_TRANSPORT_ERROR, DESCRIPTION_THREAD_LOST);
    }
  }

  /** A thread has died: nothing comes from it. What is COMMITTED waits for the log to say how far the move got. */
  laneClosed(thread: number): void {
    for (const candidate of [...this.#candidates.values()]) {
      if (candidate.owner !== thread) continue;
      candidate.orphaned = true;
      if (candidate.state < COMMITTED) this.#fail(candidate);
      else if (candidate.state === PARTING) this.#part(candidate, []);
    }
  }

  /** The old owner has ended the session. What was kept aside came after that, or was cut off by it. */
  #sessionGone(candidate: Candidate, { reason, detail, packets }: Extract<LaneMessage, { op: 'sessionGone' }>): void {
    if (candidate.state < COMMITTED) {
      this.#fail(candidate);
      return;
    }
    // If it has moved, this end is the one that counts; else the coordinator ignores it.
    if (candidate.state === COMMITTED)
      this.#parts.serverOf(candidate.request.server)?.end(candidate.local, reason, detail);
    this.#part(candidate, packets ?? []);
  }

  /** Sends the last packets to the client of a session that has ended, and closes. */
  #part(candidate: Candidate, packets: readonly QueuedPacket[]): void {
    this.#candidates.delete(candidate.id);
    const { socket, code, request } = candidate;
    if (socket === undefined) return;
    if (packets.length > 0) {
      socket.cork(() => sendOverSocket(socket, packets, variantOf(request.revision, request.base64)));
    }
    if (code === undefined) socket.end();
    else socket.end(code);
  }

  #accepted(candidate: Candidate, place: SessionPlace): void {
    const { request } = candidate;
    const server = this.#parts.serverOf(request.server);
    const local = server === undefined ? -1 : server.reserveFor(request.revision, request.base64);
    candidate.place = place;
    if (local < 0) {
      this.#drop(candidate);
      request.socket.refuse(BAD_REQUEST, NO_UPGRADE);
      return;
    }
    candidate.local = local;
    candidate.state = OPENING;
    request.socket.accept(candidate);
  }

  /** The client's upgrade packet: what it sends from now on belongs to the session. */
  #commit(candidate: Candidate): void {
    const { sessions, inbox, upgrades, serverOf } = this.#parts;
    const { local, place, request } = candidate;
    const server = serverOf(request.server);
    if (server === undefined || server.closing) {
      this.#fail(candidate);
      return;
    }
    candidate.state = COMMITTED;
    this.#committed.set(local, candidate);
    upgrades.arriving.add(local);
    // What is due to the session meanwhile waits in a queue of its own, behind the one that is still to arrive.
    sessions.open(local, request.sid, undefined, new PollingTransport('', request.revision, true));
    server.heartbeat.expect(local);
    inbox.upgrade(sessions.first + local, place.slot, place.serial);
  }

  #arrived(candidate: Candidate, { packets, heartbeat }: Extract<LaneMessage, { op: 'handOver' }>): void {
    const { sessions, serverOf, now } = this.#parts;
    const { local, socket, request, owner } = candidate;
    const aside = sessions.polls[local];
    if (socket === undefined || aside === undefined) return;
    const server = serverOf(request.server) as ServerSessions;
    this.#forgetCommitted(candidate);
    candidate.state = LIVE;
    sessions.sockets[local] = socket;
    sessions.polls[local] = undefined;
    this.#movedFrom.set(request.sid, owner);
    arrive(server.heartbeat, local, request.revision, heartbeat, now());
    socket.cork(() => {
      sendOverSocket(socket, packets, sessions.variants[local]);
      sendOverSocket(socket, aside.take(), sessions.variants[local]);
    });
  }

  #forgetCommitted(candidate: Candidate): void {
    this.#candidates.delete(candidate.id);
    this.#committed.delete(candidate.local);
    this.#parts.upgrades.arriving.delete(candidate.local);
  }

  /** Gives up a candidate that the session does not depend on, and closes its WebSocket or refuses its request. */
  #fail(candidate: Candidate): void {
    const { socket, state } = candidate;
    candidate.socket = undefined;
    this.#drop(candidate);
    if (socket !== undefined) socket.end();
    else if (state === ASKING) candidate.request.socket.refuse(BAD_REQUEST, NO_UPGRADE);
  }

  #drop(candidate: Candidate): void {
    if (!this.#candidates.delete(candidate.id)) return;
    const { owner, id, local } = candidate;
    if (local >= 0) this.#parts.sessions.release(local); // no record has named it
    candidate.local = -1;
    if (this.#parts.lanes.reaches(owner)) this.#parts.lanes.post(owner, { op: 'candidateGone', id });
  }
}

function arrive(
  heartbeat: Heartbeat,
  local: number,
  revision: Revision,
  state: Extract<LaneMessage, { op: 'handOver' }>['heartbeat'],
  now: number,
): void {
  if (state !== undefined) {
    heartbeat.arrive(local, state, now);
    return;
  }
  heartbeat.close(local); // the old owner had given it up already
  heartbeat.open(local, revision, now);
}

function isText(bytes: Uint8Array, isBinary: boolean, text: string): boolean {
  return !isBinary && bytes.length === text.length && Buffer.from(bytes).toString('latin1') === text;
}
