/**
 * A socket found by `fetchSockets()` that may live on another server of a cluster. App thread.
 * Everything it does is an operation on the room of that socket's id.
 */
import type { Room, SocketId } from './adapter-bridge.ts';
import type { BroadcastOperator } from './broadcast-operator.ts';
import type { Handshake } from './handshake.ts';
import type {
  AckResult,
  EventNames,
  EventNamesWithAck,
  EventParams,
  EventsMap,
  ParamsBeforeAck,
  WithTimeout,
} from './typed-events.ts';

/** What another server tells of a socket. */
export interface RemoteSocketDetails {
  id: SocketId;
  handshake: Handshake;
  rooms: Room[] | ReadonlySet<Room>;
  data: unknown;
}

/** What `timeout()` of a remote socket gives. @since Socket.IO 4.5 */
export interface TimedRemoteSocket<EmitEvents extends EventsMap> {
  /** Sends an event. @param event its name @param args its arguments, last a callback that gets an error or null first */
  emit<Name extends EventNames<EmitEvents>>(event: Name, ...args: EventParams<WithTimeout<EmitEvents>, Name>): boolean;
  /** Sends an event and gives a promise of its answer. @param event its name @param args its arguments */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>>;
}

/** A socket as `fetchSockets()` finds it, perhaps on another server of a cluster. @since Socket.IO 4 */
export class RemoteSocket<EmitEvents extends EventsMap, SocketData> {
  /** Its public id. @since Socket.IO 4 */
  readonly id: SocketId;
  /** What was known when it connected. @since Socket.IO 4 */
  readonly handshake: Handshake;
  /** The rooms it was in when it was asked for. @since Socket.IO 4 */
  readonly rooms: Set<Room>;
  /** The application's own, as it was when it was asked for. @since Socket.IO 4 */
  readonly data: SocketData;
  readonly #operator: BroadcastOperator<EmitEvents, SocketData>;

  /** @internal */
  constructor(operator: BroadcastOperator<EmitEvents, SocketData>, details: RemoteSocketDetails) {
    this.id = details.id;
    this.handshake = details.handshake;
    this.rooms = new Set(details.rooms);
    this.data = details.data as SocketData;
    this.#operator = operator;
  }

  /**
   * Sends an event to this socket.
   *
   * @param event its name
   * @param args its arguments
   * @returns true
   * @throws {EngineError} `ERR_RESERVED_EVENT`; `ERR_ACK_NOT_SUPPORTED` for a callback without `timeout()`
   * @since Socket.IO 4
   */
  emit<Name extends EventNames<EmitEvents>>(event: Name, ...args: EventParams<EmitEvents, Name>): boolean {
    (this.#operator as BroadcastOperator<any, any>).emit(event as string, ...args);
    return true;
  }

  /**
   * Lets the next event ask for an acknowledgement: its callback gets an error or null, then the answer.
   *
   * @param ms milliseconds until the callback gets an error @since Socket.IO 4.5
   */
  timeout(ms: number): TimedRemoteSocket<EmitEvents> {
    const timed = this.#operator.timeout(ms) as unknown as BroadcastOperator<any, any>;
    return {
      emit(event, ...args: any[]) {
        const callback: unknown = args.at(-1);
        if (typeof callback === 'function') {
          args[args.length - 1] = (error: Error | null, responses: unknown[]) => callback(error, responses[0]);
        }
        timed.emit(event as string, ...args);
        return true;
      },
      emitWithAck: (event, ...args: any[]) =>
        timed.emitWithAck(event as string, ...args).then((responses) => responses[0]),
    };
  }

  /** Puts it into one room or several. @param room one room, or an array of rooms @since Socket.IO 4 */
  join(room: Room | readonly Room[]): void {
    this.#operator.socketsJoin(room);
  }

  /** Takes it out of a room. @param room its name @since Socket.IO 4 */
  leave(room: Room): void {
    this.#operator.socketsLeave(room);
  }

  /** Disconnects it. @param close also closes its connection; false by default @since Socket.IO 4 */
  disconnect(close = false): this {
    this.#operator.disconnectSockets(close);
    return this;
  }
}
