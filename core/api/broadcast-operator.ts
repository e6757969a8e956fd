/**
 * `io.to(...)`, `socket.broadcast` and their kin: an immutable description of whom an event goes to. App thread.
 * Every call gives a new operator, so one may be kept and used again; nothing leaks into a later emit.
 */
import { EngineError } from '../errors.ts';
import { collectAcks } from './ack-collector.ts';
import type { AnyNamespace, BroadcastFlags, BroadcastOptions, Room, SocketId } from './adapter-bridge.ts';
import { type Packet, PacketType } from './parser.ts';
import { RemoteSocket } from './remote-socket.ts';
import { assertNotReserved } from './reserved-events.ts';
import type {
  AckResult,
  EventNames,
  EventNamesWithAck,
  EventNamesWithoutAck,
  EventParams,
  EventsMap,
  ParamsBeforeAck,
  WithResponses,
} from './typed-events.ts';

const NO_ROOMS: ReadonlySet<Room> = new Set();

function withRooms(rooms: ReadonlySet<Room>, added: Room | readonly Room[]): ReadonlySet<Room> {
  const union = new Set(rooms);
  for (const room of roomNames(added)) union.add(room);
  return union;
}

/** Room names as the adapter keeps them: 7 and '7' are one room. */
export function roomNames(rooms: Room | readonly Room[]): Room[] {
  return Array.isArray(rooms) ? rooms.map(String) : [String(rooms)];
}

/**
 * Whom to send to and how. Get one from a `Server`, `Namespace` or `Socket`.
 *
 * @typeParam Timed whether `timeout()` was called, which is what lets an event ask for acknowledgements
 * @since Socket.IO 4
 */
export class BroadcastOperator<EmitEvents extends EventsMap, SocketData, Timed extends boolean = false> {
  readonly #nsp: AnyNamespace;
  readonly #owner: object;
  readonly #rooms: ReadonlySet<Room>;
  readonly #except: ReadonlySet<Room>;
  readonly #flags: BroadcastFlags;

  /**
   * @param owner the namespace or socket it comes from: what `emit` gives back
   * @internal
   */
  constructor(
    nsp: AnyNamespace,
    owner: object,
    rooms: ReadonlySet<Room> = NO_ROOMS,
    except: ReadonlySet<Room> = NO_ROOMS,
    flags: BroadcastFlags = {},
  ) {
    this.#nsp = nsp;
    this.#owner = owner;
    this.#rooms = rooms;
    this.#except = except;
    this.#flags = flags;
  }

  /**
   * Adds rooms; a client in several of them gets the event once.
   *
   * @param room one room, or an array of rooms @since Socket.IO 2
   */
  to(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#with(withRooms(this.#rooms, room), this.#except, this.#flags);
  }

  /** Same as `to()`. @param room one room, or an array of rooms @since Socket.IO 2 */
  in(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.to(room);
  }

  /**
   * Leaves out every socket that is in one of these rooms; a socket's id leaves out that socket.
   *
   * @param room one room, or an array of rooms @since Socket.IO 4
   */
  except(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#with(this.#rooms, withRooms(this.#except, room), this.#flags);
  }

  /**
   * Whether the event may be compressed on its way.
   *
   * @param compress default without this call: true @since Socket.IO 2
   */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#withFlags({ compress });
  }

  /** The event may be dropped for a client that cannot take it now. @since Socket.IO 2 */
  get volatile(): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#withFlags({ volatile: true });
  }

  /** Only clients of this process, should the adapter connect several. @since Socket.IO 2 */
  get local(): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#withFlags({ local: true });
  }

  /** Has no effect; every event is JSON with attachments. @since Socket.IO 2 */
  get json(): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this;
  }

  /** Adds nothing; for a socket's operator, which leaves the socket out anyway. @since Socket.IO 2 */
  get broadcast(): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this;
  }

  /** Has no effect: binary data is found by itself. @param _binary ignored @since Socket.IO 2.1 */
  binary(_binary: boolean): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this;
  }

  /**
   * Lets the event ask every client for an acknowledgement.
   *
   * @param ms milliseconds until the callback gets an error and the answers so far @since Socket.IO 4.5
   */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData, true> {
    return this.#withFlags<true>({ timeout: ms });
  }

  /**
   * Sends an event. After `timeout()` a function in last position gets `(error, responses)` once: the first argument of
   * each client's answer, in order of arrival, and an error when not every client answered.
   *
   * @param event its name
   * @param args its arguments
   * @returns what the operator was made from, which counts as true: a boolean in Socket.IO 4, a chain in Socket.IO 2
   * @throws {EngineError} `ERR_RESERVED_EVENT`; `ERR_ACK_NOT_SUPPORTED` for a callback without `timeout()`
   * @throws what serialising the arguments throws @since Socket.IO 2
   */
  emit<Name extends Timed extends true ? EventNames<EmitEvents> : EventNamesWithoutAck<EmitEvents>>(
    event: Name,
    ...args: Timed extends true
      ? EventParams<WithResponses<EmitEvents>, Name & EventNames<EmitEvents>>
      : EventParams<EmitEvents, Name & EventNames<EmitEvents>>
  ): boolean;
  emit(event: any, ...args: any[]): unknown {
    // hot: one packet however many it reaches.
    assertNotReserved(event);
    const callback: unknown = args.at(-1);
    if (typeof callback === 'function') {
      if (this.#flags.timeout === undefined) {
        throw new EngineError('ERR_ACK_NOT_SUPPORTED', 'Callbacks are not supported when broadcasting');
      }
      this.#collect([event, ...args.slice(0, -1)], callback as (error: Error | null, responses: any[]) => void);
    } else {
      this.#nsp.bridge.broadcast(this.#packet([event, ...args]), this.#options());
    }
    return this.#owner;
  }

  /**
   * Sends an event and waits for every client. Without `timeout()` there is no limit of time.
   *
   * @param event its name
   * @param args its arguments, without the callback
   * @returns the first argument of each client's answer, in order of arrival
   * @throws {Error} rejects when not every client answered; `responses` on it holds the answers so far
   * @since Socket.IO 4.6
   */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>[]> {
    return new Promise((resolve, reject) => {
      assertNotReserved(event);
      this.#collect([event, ...(args as any[])], (error, responses: any[]) => {
        if (error) reject(Object.assign(error, { responses }));
        else resolve(responses);
      });
    });
  }

  /** `emit('message', ...args)`. @param args of the event @since Socket.IO 2 */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    (this as BroadcastOperator<any, any>).emit('message', ...args);
    return this;
  }

  /** Same as `send()`. @param args of the event @since Socket.IO 2 */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  /**
   * Asks for the ids of the sockets an event would reach now.
   *
   * @param callback called on a later tick @since Socket.IO 2
   */
  clients(callback: (error: Error | null, ids: SocketId[]) => void): this {
    this.#ids().then(
      (ids) => process.nextTick(callback, null, [...ids]),
      (error) => process.nextTick(callback, error, []),
    );
    return this;
  }

  /** As `clients()`, as a promise. @since Socket.IO 3 */
  async allSockets(): Promise<Set<SocketId>> {
    return new Set(await this.#ids());
  }

  /** The sockets an event would reach now, those of other servers as `RemoteSocket`. @since Socket.IO 4 */
  async fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    const found = await this.#nsp.bridge.fetchSockets(this.#options());
    return found.map((socket) => {
      if ('nsp' in socket) return socket as unknown as RemoteSocket<EmitEvents, SocketData>;
      return new RemoteSocket(new BroadcastOperator(this.#nsp, this.#nsp, new Set([socket.id])), socket);
    });
  }

  /**
   * Puts the sockets an event would reach now into rooms.
   *
   * @param room one room, or an array of rooms @since Socket.IO 4
   */
  socketsJoin(room: Room | readonly Room[]): void {
    this.#nsp.bridge.addSockets(this.#options(), roomNames(room));
  }

  /**
   * Takes the sockets an event would reach now out of rooms.
   *
   * @param room one room, or an array of rooms @since Socket.IO 4
   */
  socketsLeave(room: Room | readonly Room[]): void {
    this.#nsp.bridge.delSockets(this.#options(), roomNames(room));
  }

  /**
   * Disconnects the sockets an event would reach now.
   *
   * @param close also closes their connections; false by default @since Socket.IO 4
   */
  disconnectSockets(close = false): void {
    this.#nsp.bridge.disconnectSockets(this.#options(), close);
  }

  #options(): BroadcastOptions {
    return { rooms: this.#rooms, except: this.#except, flags: this.#flags };
  }

  #with<T extends boolean = Timed>(
    rooms: ReadonlySet<Room>,
    except: ReadonlySet<Room>,
    flags: BroadcastFlags,
  ): BroadcastOperator<EmitEvents, SocketData, T> {
    return new BroadcastOperator(this.#nsp, this.#owner, rooms, except, flags);
  }

  #withFlags<T extends boolean = Timed>(flags: BroadcastFlags): BroadcastOperator<EmitEvents, SocketData, T> {
    return this.#with<T>(this.#rooms, this.#except, { ...this.#flags, ...flags });
  }

  #packet(data: unknown[]): Packet {
    return { type: PacketType.EVENT, nsp: this.#nsp.name, data };
  }

  /** Answered from a snapshot at the call. */
  #ids(): Promise<ReadonlySet<SocketId>> {
    const { bridge } = this.#nsp;
    if (this.#except.size === 0) return bridge.sockets(this.#rooms);
    return bridge.fetchSockets(this.#options()).then((found) => new Set(found.map((socket) => socket.id)));
  }

  #collect(data: unknown[], callback: (error: Error | null, responses: unknown[]) => void): void {
    collectAcks(this.#nsp.bridge, this.#packet(data), this.#options(), this.#flags.timeout, callback);
  }
}
