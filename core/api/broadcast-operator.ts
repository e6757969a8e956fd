/**
 * `io.to(...)`, `socket.broadcast` and their kin: an immutable description of whom an event goes to. App thread.
 * Every call gives a new operator, so one may be kept and used again; nothing leaks into a later emit.
 */
import { EngineError } from '../errors.ts';
import { timeoutError } from './acks.ts';
import type { Adapter, BroadcastFlags, BroadcastOptions, Room } from './adapter.ts';
import { type Packet, PacketType } from './packet.ts';
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
  if (Array.isArray(added)) for (const room of added) union.add(String(room));
  else union.add(String(added));
  return union;
}

/**
 * Whom to send to and how. Get one from a `Server`, `Namespace` or `Socket`.
 *
 * @typeParam Timed whether `timeout()` was called, which is what lets an event ask for acknowledgements
 */
export class BroadcastOperator<EmitEvents extends EventsMap, SocketData, Timed extends boolean = false> {
  /** Keeps `SocketData` in the type for the members that return sockets. */
  declare protected readonly socketData?: SocketData;
  readonly #adapter: Adapter;
  readonly #rooms: ReadonlySet<Room>;
  readonly #except: ReadonlySet<Room>;
  readonly #flags: BroadcastFlags;

  constructor(
    adapter: Adapter,
    rooms: ReadonlySet<Room> = NO_ROOMS,
    except: ReadonlySet<Room> = NO_ROOMS,
    flags: BroadcastFlags = {},
  ) {
    this.#adapter = adapter;
    this.#rooms = rooms;
    this.#except = except;
    this.#flags = flags;
  }

  /**
   * Adds rooms; a client in several of them gets the event once.
   *
   * @param room one room, or an array of rooms
   */
  to(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return new BroadcastOperator(this.#adapter, withRooms(this.#rooms, room), this.#except, this.#flags);
  }

  /** Same as `to()`. */
  in(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.to(room);
  }

  /**
   * Leaves out every socket that is in one of these rooms; a socket's id leaves out that socket.
   *
   * @param room one room, or an array of rooms
   */
  except(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return new BroadcastOperator(this.#adapter, this.#rooms, withRooms(this.#except, room), this.#flags);
  }

  /**
   * Whether the event may be compressed on its way.
   *
   * @param compress default without this call: true
   */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#withFlags({ compress });
  }

  /** The event may be dropped for a client that cannot take it now. */
  get volatile(): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#withFlags({ volatile: true });
  }

  /** Only clients of this process, should the adapter connect several. */
  get local(): BroadcastOperator<EmitEvents, SocketData, Timed> {
    return this.#withFlags({ local: true });
  }

  /**
   * Lets the event ask every client for an acknowledgement.
   *
   * @param ms milliseconds until the callback gets an error and the answers so far
   */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData, true> {
    return this.#withFlags<true>({ timeout: ms });
  }

  /**
   * Sends an event. After `timeout()` a function in last position gets `(error, responses)` once: the first argument of
   * each client's answer, in order of arrival, and an error when not every client answered.
   *
   * @returns true
   * @throws {EngineError} `ERR_RESERVED_EVENT`; `ERR_ACK_NOT_SUPPORTED` for a callback without `timeout()`
   * @throws what serialising the arguments throws
   */
  emit<Name extends Timed extends true ? EventNames<EmitEvents> : EventNamesWithoutAck<EmitEvents>>(
    event: Name,
    ...args: Timed extends true
      ? EventParams<WithResponses<EmitEvents>, Name & EventNames<EmitEvents>>
      : EventParams<EmitEvents, Name & EventNames<EmitEvents>>
  ): boolean;
  emit(event: any, ...args: any[]): boolean {
    assertNotReserved(event);
    const callback: unknown = args.at(-1);
    if (typeof callback === 'function') {
      if (this.#flags.timeout === undefined) {
        throw new EngineError('ERR_ACK_NOT_SUPPORTED', 'Callbacks are not supported when broadcasting');
      }
      this.#collect([event, ...args.slice(0, -1)], callback as (error: Error | null, responses: any[]) => void);
    } else {
      this.#adapter.broadcast(this.#packet([event, ...args]), this.#options());
    }
    return true;
  }

  /**
   * Sends an event and waits for every client. Without `timeout()` there is no limit of time.
   *
   * @returns the first argument of each client's answer, in order of arrival
   * @throws {Error} rejects when not every client answered; `responses` on it holds the answers so far
   */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>[]> {
    return new Promise((resolve, reject) => {
      assertNotReserved(event);
      this.#collect([event, ...(args as any[])], (error, responses) => {
        if (error) reject(Object.assign(error, { responses }));
        else resolve(responses);
      });
    });
  }

  /** `emit('message', ...args)`. */
  send(...args: EventParams<EmitEvents, 'message'>): this {
    (this as BroadcastOperator<any, any>).emit('message', ...args);
    return this;
  }

  /** Same as `send()`. */
  write(...args: EventParams<EmitEvents, 'message'>): this {
    return this.send(...args);
  }

  #withFlags<T extends boolean = Timed>(flags: BroadcastFlags): BroadcastOperator<EmitEvents, SocketData, T> {
    return new BroadcastOperator(this.#adapter, this.#rooms, this.#except, { ...this.#flags, ...flags });
  }

  #packet(data: unknown[]): Packet {
    return { type: PacketType.EVENT, nsp: this.#adapter.nsp.name, data };
  }

  #options(): BroadcastOptions {
    return { rooms: this.#rooms, except: this.#except, flags: this.#flags };
  }

  #collect(data: unknown[], callback: (error: Error | null, responses: any[]) => void): void {
    const responses: unknown[] = [];
    let expected = Number.POSITIVE_INFINITY;
    let lost = 0;
    let finished = false;
    let stopWaiting: (() => void) | undefined;
    let timer: NodeJS.Timeout | undefined;
    const finish = (error: Error | null): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      stopWaiting?.();
      callback(error, responses);
    };
    const check = (): void => {
      if (responses.length + lost >= expected) finish(lost > 0 ? timeoutError() : null);
    };
    stopWaiting = this.#adapter.broadcastWithAck(
      this.#packet(data),
      this.#options(),
      (count) => {
        expected = count;
        if (count === 0) queueMicrotask(check);
      },
      (answer) => {
        responses.push(answer);
        check();
      },
      () => {
        lost++;
        check();
      },
    );
    const { timeout } = this.#flags;
    if (timeout !== undefined) timer = setTimeout(() => finish(timeoutError()), timeout);
  }
}
