/**
 * The owner's half of transport upgrades: who asks to take a session over, and the hand-over once the coordinator has
 * moved it. One for all servers of an I/O thread. The candidate's half is in candidates.ts.
 *
 *   polling ──candidate──▶ asked ──probed──▶ probed ──MOVED read──▶ handed over (tombstone)
 *      ▲                     │                  │
 *      └───── candidate gone, or its thread ────┘
 */

import type { Heartbeat } from '../../session/heartbeat.ts';
import { BAD_REQUEST, type ErrorContext, protocolMismatch, SESSION_UNKNOWN } from '../../wire/connection-errors.ts';
import type { HeartbeatState, LaneMessage, Lanes } from './lanes.ts';
import { controlPacket, type PollingTransport, type QueuedPacket } from './polling-transport.ts';
import { revisionOf, type SessionTable } from './session-table.ts';

const PACKET_NOOP = 6;

interface Upgrade {
  readonly thread: number;
  readonly candidate: number;
  probed: boolean;
}

/** What a session that ended here leaves for a hand-over that the coordinator may have decided meanwhile. */
interface Departed {
  readonly thread: number;
  readonly candidate: number;
  readonly packets: readonly QueuedPacket[];
}

export class Upgrades {
  readonly #sessions: SessionTable;
  readonly #lanes: Lanes;
  readonly #heartbeatOf: (local: number) => Heartbeat | undefined;
  readonly #now: () => number;
  readonly #upgrades = new Map<PollingTransport, Upgrade>();
  /** Which session a candidate asks for, by its thread and number. */
  readonly #pollOf = new Map<string, PollingTransport>();
  /** By local slot, until RELEASE is read. */
  readonly #departed = new Map<number, Departed>();
  /** Moved sessions by id, until they end: requests for them are wrong, not unknown. */
  readonly #tombstones = new Set<string>();
  /** Slots that a moving session will live on here, while its queue has not arrived. */
  readonly arriving = new Set<number>();

  constructor(
    sessions: SessionTable,
    lanes: Lanes,
    heartbeatOf: (local: number) => Heartbeat | undefined,
    now: () => number,
  ) {
    this.#sessions = sessions;
    this.#lanes = lanes;
    this.#heartbeatOf = heartbeatOf;
    this.#now = now;
  }

  /** The client has stopped waiting for polls: one that comes is to be answered at once. */
  isProbed(poll: PollingTransport): boolean {
    return this.#upgrades.get(poll)?.probed === true;
  }

  isArriving(local: number): boolean {
    return this.arriving.has(local);
  }

  hasLeft(sid: string): boolean {
    return this.#tombstones.has(sid);
  }

  /** A lane message of this part; others are left alone. */
  receive(from: number, message: LaneMessage): void {
    switch (message.op) {
      case 'candidate':
        this.#ask(from, message.id, message.server, message.sid, message.revision);
        break;
      case 'probed': {
        const poll = this.#pollOf.get(key(from, message.id));
        if (poll === undefined) break;
        (this.#upgrades.get(poll) as Upgrade).probed = true;
        if (poll.held) {
          poll.enqueue(controlPacket(PACKET_NOOP));
          poll.flush();
        }
        break;
      }
      case 'candidateGone': {
        const poll = this.#pollOf.get(key(from, message.id));
        if (poll !== undefined) this.#clear(poll);
        break;
      }
      case 'ended':
        this.#tombstones.delete(message.sid);
        break;
    }
  }

  /** A polling session has ended here. Its candidate goes too, unless the coordinator has moved the session already. */
  sessionEnded(local: number, poll: PollingTransport): void {
    const upgrade = this.#upgrades.get(poll);
    if (upgrade === undefined) return;
    this.#clear(poll);
    this.#departed.set(local, { thread: upgrade.thread, candidate: upgrade.candidate, packets: poll.take() });
    this.#lanes.post(upgrade.thread, { op: 'sessionGone', id: upgrade.candidate });
  }

  /** MOVED was read: everything before it is in the queue, which now goes to the session's new thread. */
  handOver(local: number): void {
    const departed = this.#departed.get(local);
    if (departed !== undefined) {
      this.#post(departed, departed.packets, undefined);
      return;
    }
    const poll = this.#sessions.polls[local];
    const upgrade = poll === undefined ? undefined : this.#upgrades.get(poll);
    if (poll === undefined || upgrade === undefined) return;
    this.#clear(poll);
    const packets = poll.take();
    if (poll.held) {
      poll.enqueue(controlPacket(PACKET_NOOP));
      poll.flush();
    }
    const heartbeat = this.#heartbeatOf(local);
    const state = heartbeat?.leave(local, this.#now());
    this.#sessions.close(local);
    this.#tombstones.add(poll.sid);
    this.#post(upgrade, packets, state);
  }

  /** RELEASE was read: no MOVED for this slot can follow. */
  released(local: number): void {
    this.#departed.delete(local);
  }

  /** A thread has died, and with it its candidates. */
  threadDown(thread: number): void {
    for (const [poll, upgrade] of this.#upgrades) if (upgrade.thread === thread) this.#clear(poll);
  }

  #ask(thread: number, candidate: number, server: number, sid: string, revision: number): void {
    const local = this.#sessions.find(server, sid);
    const poll = local < 0 ? undefined : this.#sessions.polls[local];
    if (poll === undefined || poll.revision !== revision || this.#upgrades.has(poll) || this.arriving.has(local)) {
      const known = local >= 0 || this.#tombstones.has(sid);
      const error = known
        ? { code: BAD_REQUEST, context: this.#mismatch(local, poll, revision) }
        : { code: SESSION_UNKNOWN, context: { sid } };
      this.#lanes.post(thread, { op: 'rejected', id: candidate, error });
      return;
    }
    const place = { slot: this.#sessions.first + local, serial: this.#sessions.serials[local] };
    this.#upgrades.set(poll, { thread, candidate, probed: false });
    this.#pollOf.set(key(thread, candidate), poll);
    this.#lanes.post(thread, { op: 'accepted', id: candidate, place });
  }

  /** What is wrong with an upgrade of a session that is known. */
  #mismatch(local: number, poll: PollingTransport | undefined, revision: number): ErrorContext {
    const own = local < 0 ? revision : (poll?.revision ?? revisionOf(this.#sessions.variants[local]));
    if (own !== revision) return protocolMismatch(revision, own);
    if (poll !== undefined && !this.arriving.has(local)) return { name: 'TRANSPORT_HANDSHAKE_ERROR' };
    return { name: 'TRANSPORT_MISMATCH', transport: 'websocket', previousTransport: 'websocket' };
  }

  #clear(poll: PollingTransport): void {
    const upgrade = this.#upgrades.get(poll);
    if (upgrade === undefined) return;
    this.#upgrades.delete(poll);
    this.#pollOf.delete(key(upgrade.thread, upgrade.candidate));
  }

  #post(
    to: { readonly thread: number; readonly candidate: number },
    packets: readonly QueuedPacket[],
    heartbeat: HeartbeatState | undefined,
  ): void {
    this.#lanes.post(to.thread, { op: 'handOver', id: to.candidate, packets, heartbeat });
  }
}

const key = (thread: number, candidate: number): string => `${thread}:${candidate}`;
