/**
 * What is said before an emit of a socket: how it is sent, or to whom else. App thread.
 * Modifiers of the socket itself hold for one emit; those that name others give an operator of their own.
 */
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../agents/link.ts';
import type { DisconnectReason } from '../session/reasons.ts';
import type { BroadcastFlags, Room, SocketId } from './adapter-bridge.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import { CatchAllEmitter } from './catch-all.ts';
import type { Namespace } from './namespace.ts';
import type { Socket } from './socket.ts';
import type { EventsMap, WithTimeout } from './typed-events.ts';

export type { DisconnectReason };

/** Events of a socket that clients cannot send; `error` they can. @since Socket.IO 2 */
export interface SocketReservedEvents {
  /** It is out of its namespace and of all rooms. */
  disconnect: (reason: DisconnectReason, description?: any) => void;
  /** It is about to leave; its rooms are still there. */
  disconnecting: (reason: DisconnectReason, description?: any) => void;
  /** Its client broke the protocol or sent an error, or middleware refused an event. */
  error: (error: Error) => void;
}

/** Base of `Socket`. @since Socket.IO 2 */
export abstract class SocketModifiers<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends CatchAllEmitter<ListenEvents, SocketReservedEvents> {
  /** The namespace it is in. @since Socket.IO 2 */
  abstract readonly nsp: Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** Its public id. @since Socket.IO 2 */
  abstract readonly id: SocketId;
  /** Flags and time-out of the next emit. */
  #flags = FLAG_COMPRESS;
  #timeout: number | undefined;

  /** The next emit may be dropped if the client cannot take it now. @since Socket.IO 2 */
  get volatile(): this {
    this.#flags |= FLAG_VOLATILE;
    return this;
  }

  /**
   * Whether the next emit may be compressed on its way.
   *
   * @param compress default without this call: true @since Socket.IO 2
   */
  compress(compress: boolean): this {
    this.#flags = compress ? this.#flags | FLAG_COMPRESS : this.#flags & ~FLAG_COMPRESS;
    return this;
  }

  /**
   * The acknowledgement of the next emit gets an error first: after `ms` without an answer, else null.
   *
   * @param ms milliseconds @since Socket.IO 4.4
   */
  timeout(ms: number): Socket<ListenEvents, WithTimeout<EmitEvents>, ServerSideEvents, SocketData> {
    this.#timeout = ms;
    return this as unknown as Socket<ListenEvents, WithTimeout<EmitEvents>, ServerSideEvents, SocketData>;
  }

  /** Sends to rooms, without this socket. @param room one room, or an array of rooms @since Socket.IO 2 */
  to(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().to(room);
  }

  /** Same as `to()`. @param room one room, or an array of rooms @since Socket.IO 2 */
  in(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().to(room);
  }

  /**
   * Sends to everyone, without this socket and without those in these rooms.
   *
   * @param room one room, or an array of rooms @since Socket.IO 4
   */
  except(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().except(room);
  }

  /** Has no effect; every event is JSON with attachments. @since Socket.IO 2 */
  get json(): this {
    return this;
  }

  /** Has no effect: binary data is found by itself. @param _binary ignored @since Socket.IO 2.1 */
  binary(_binary: boolean): this {
    return this;
  }

  /** Sends to everyone in the namespace, without this socket. @since Socket.IO 2 */
  get broadcast(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator();
  }

  /** `broadcast`, to clients of this process only. @since Socket.IO 2.1 */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#operator().local;
  }

  /** Whether the next emit has a time-out. @internal */
  protected get timed(): boolean {
    return this.#timeout !== undefined;
  }

  /** The flags of this emit; the next one starts afresh. @internal */
  protected takeFlags(): number {
    const flags = this.#flags;
    this.#flags = FLAG_COMPRESS;
    return flags;
  }

  /** The time-out of this emit, if any; the next one starts afresh. @internal */
  protected takeTimeout(): number | undefined {
    const timeout = this.#timeout;
    this.#timeout = undefined;
    return timeout;
  }

  #operator(): BroadcastOperator<EmitEvents, SocketData> {
    const bits = this.takeFlags();
    const timeout = this.takeTimeout();
    const flags: BroadcastFlags = {};
    if ((bits & FLAG_VOLATILE) !== 0) flags.volatile = true;
    if ((bits & FLAG_COMPRESS) === 0) flags.compress = false;
    if (timeout !== undefined) flags.timeout = timeout;
    return new BroadcastOperator(this.nsp, this, undefined, new Set([this.id]), flags);
  }
}
