/**
 * The in-memory adapter with connection state recovery: numbers every event, keeps the last ones, and the sessions that
 * lost their connection. App thread. Sessions and events are used up or expire; nothing is kept for ever.
 */
import { Adapter } from './adapter.ts';
import type {
  AnyNamespace,
  AnySocket,
  BroadcastOptions,
  PersistedSession,
  RestoredSession,
  Room,
} from './adapter-bridge.ts';
import { PacketLog } from './packet-log.ts';
import { type Packet, PacketType } from './parser.ts';

const NO_ROOMS: ReadonlySet<Room> = new Set();

export class RecoveringAdapter extends Adapter {
  readonly #log: PacketLog;
  /** By the client's secret, oldest first. */
  readonly #sessions = new Map<string, { readonly session: PersistedSession; readonly expires: number }>();
  readonly #maxAge: number;
  readonly #maxSessions: number;
  /** Runs while a session is kept. */
  #timer: NodeJS.Timeout | undefined;

  constructor(nsp: AnyNamespace) {
    super(nsp);
    const { maxDisconnectionDuration, maxPackets, maxBytes, maxSessions } = nsp.server.recovery!;
    this.#maxAge = maxDisconnectionDuration;
    this.#maxSessions = maxSessions;
    this.#log = new PacketLog({ maxPackets, maxBytes, maxAge: maxDisconnectionDuration });
  }

  override broadcast(packet: Packet, opts: BroadcastOptions): void {
    if (packet.type !== PacketType.EVENT || packet.id !== undefined || opts.flags?.volatile) {
      super.broadcast(packet, opts);
      return;
    }
    this.notifyObservers(packet, opts);
    this.deliver(this.#keep(packet, opts), opts);
  }

  /** An event for one socket, kept under the room of its id. @internal */
  sendRecoverable(socket: AnySocket, packet: Packet, flags: number): void {
    socket.client.write(this.#keep(packet, { rooms: new Set([socket.id]) }), flags);
  }

  /** Keeps a session for `maxDisconnectionDuration`. */
  override persistSession(session: PersistedSession): void {
    this.#expire();
    this.#sessions.delete(session.pid);
    this.#sessions.set(session.pid, { session, expires: Date.now() + this.#maxAge });
    if (this.#sessions.size > this.#maxSessions) this.#forgetOldest();
    this.#timer ??= setInterval(() => this.#expire(), this.#maxAge).unref();
  }

  /**
   * Hands a session out, once: who asks again with the same secret gets nothing.
   *
   * @returns null for an unknown or expired session, or when an event after `offset` is no longer kept
   */
  override restoreSession(pid: string, offset: string): RestoredSession | null {
    this.#expire();
    const session = this.#sessions.get(pid)?.session;
    const position = this.#log.positionOf(offset);
    if (session === undefined || position === undefined) return null;
    this.#sessions.delete(pid);
    // The room of its own id counts even when the socket had left it: events for this one socket are kept there.
    const rooms = new Set([...session.rooms, session.sid]);
    return { ...session, missedPackets: [], missedFrames: () => this.#log.after(position, rooms) };
  }

  override close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#sessions.clear();
  }

  #keep(packet: Packet, { rooms, except = NO_ROOMS }: BroadcastOptions) {
    const frames = this.encoder.encode({ ...packet, data: [...packet.data, this.#log.nextOffset] });
    this.#log.add(frames, { rooms, except }, Date.now());
    return frames;
  }

  #expire(): void {
    const now = Date.now();
    for (const { expires } of this.#sessions.values()) {
      if (expires > now) break;
      this.#forgetOldest();
    }
    this.#log.expire(now);
    if (this.#sessions.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #forgetOldest(): void {
    for (const pid of this.#sessions.keys()) {
      this.#sessions.delete(pid);
      return;
    }
  }
}
