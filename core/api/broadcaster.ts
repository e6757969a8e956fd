/**
 * What a server and its namespaces have in common: ways to reach everyone in one namespace. App thread.
 * A server acts for its main namespace; what chains gives that namespace back.
 */
import { EngineError } from '../errors.ts';
import type { Room, SocketId } from './adapter-bridge.ts';
import { BroadcastOperator } from './broadcast-operator.ts';
import type { Namespace, NamespaceReservedEvents } from './namespace.ts';
import type { RemoteSocket } from './remote-socket.ts';
import {
  type AckResult,
  type EventNames,
  type EventNamesWithAck,
  type EventParams,
  type EventsMap,
  type ParamsBeforeAck,
  StrictEventEmitter,
  type WithResponses,
} from './typed-events.ts';

/** Events of a namespace that other servers cannot send. */
const LOCAL_EVENTS: ReadonlySet<unknown> = new Set(['connect', 'connection', 'new_namespace']);

/** Base of `Server` and `Namespace`. @since Socket.IO 2 */
export abstract class Broadcaster<
  ListenEvents extends EventsMap,
  EmitEvents extends EventsMap,
  ServerSideEvents extends EventsMap,
  SocketData,
> extends StrictEventEmitter<
  ServerSideEvents,
  NamespaceReservedEvents<ListenEvents, EmitEvents, ServerSideEvents, SocketData>
> {
  /** The namespace that is reached. @internal */
  abstract audience(): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;

  /**
   * Sends an event to all connected sockets and waits for every answer.
   *
   * @param event its name
   * @param args its arguments, without the callback
   * @returns the first argument of each client's answer, in order of arrival @since Socket.IO 4.6
   */
  emitWithAck<Name extends EventNamesWithAck<EmitEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<EmitEvents[Name]>
  ): Promise<AckResult<EmitEvents[Name]>[]> {
    return (this.#everyone() as BroadcastOperator<any, any>).emitWithAck(event as string, ...(args as any[]));
  }

  /** `emit('message', ...args)`. @param args of the event @returns the namespace @since Socket.IO 2 */
  send(...args: EventParams<EmitEvents, 'message'>): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    (this.#everyone() as BroadcastOperator<any, any>).emit('message', ...args);
    return this.audience();
  }

  /** Same as `send()`. @param args of the event @since Socket.IO 2 */
  write(
    ...args: EventParams<EmitEvents, 'message'>
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    return this.send(...args);
  }

  /** Sends to rooms. @param room one room, or an array of rooms @since Socket.IO 2 */
  to(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone().to(room);
  }

  /** Same as `to()`. @param room one room, or an array of rooms @since Socket.IO 2 */
  in(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone().to(room);
  }

  /** Sends to everyone who is in none of these rooms. @param room one room, or an array of rooms @since Socket.IO 4 */
  except(room: Room | readonly Room[]): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone().except(room);
  }

  /** Sends what may be dropped for clients that cannot take it now. @since Socket.IO 2 */
  get volatile(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone().volatile;
  }

  /** Sends to clients of this process only. @since Socket.IO 2 */
  get local(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone().local;
  }

  /** Has no effect; every event is JSON with attachments. @since Socket.IO 2 */
  get json(): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone();
  }

  /** Has no effect: binary data is found by itself. @param _binary ignored @since Socket.IO 2.1 */
  binary(_binary: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone();
  }

  /** Whether what is sent may be compressed. @param compress default without this call: true @since Socket.IO 2 */
  compress(compress: boolean): BroadcastOperator<EmitEvents, SocketData> {
    return this.#everyone().compress(compress);
  }

  /**
   * Lets an event ask every client for an acknowledgement.
   *
   * @param ms milliseconds until the callback gets an error and the answers so far @since Socket.IO 4.5
   */
  timeout(ms: number): BroadcastOperator<EmitEvents, SocketData, true> {
    return this.#everyone().timeout(ms);
  }

  /**
   * Asks for the ids of all connected sockets.
   *
   * @param callback called on a later tick
   * @returns the namespace @since Socket.IO 2
   */
  clients(
    callback: (error: Error | null, ids: SocketId[]) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    this.#everyone().clients(callback);
    return this.audience();
  }

  /** As `clients()`, as a promise. @since Socket.IO 3 */
  allSockets(): Promise<Set<SocketId>> {
    return this.#everyone().allSockets();
  }

  /** All connected sockets, those of other servers as `RemoteSocket`. @since Socket.IO 4 */
  fetchSockets(): Promise<RemoteSocket<EmitEvents, SocketData>[]> {
    return this.#everyone().fetchSockets();
  }

  /** Puts all connected sockets into rooms. @param room one room, or an array of rooms @since Socket.IO 4 */
  socketsJoin(room: Room | readonly Room[]): void {
    this.#everyone().socketsJoin(room);
  }

  /** Takes all connected sockets out of rooms. @param room one room, or an array of rooms @since Socket.IO 4 */
  socketsLeave(room: Room | readonly Room[]): void {
    this.#everyone().socketsLeave(room);
  }

  /** Disconnects all sockets. @param close also closes their connections; false by default @since Socket.IO 4 */
  disconnectSockets(close = false): void {
    this.#everyone().disconnectSockets(close);
  }

  /**
   * Sends an event to the same namespace on the other servers of a cluster, where its listeners get it. With the
   * in-memory adapter there are none: a warning says so, and the callback gets no responses.
   *
   * @param event its name
   * @param args a function in last position gets `(error, responses)`
   * @returns true
   * @throws {EngineError} `ERR_RESERVED_EVENT` for connect, connection and new_namespace @since Socket.IO 4.1
   */
  serverSideEmit<Name extends EventNames<ServerSideEvents>>(
    event: Name,
    ...args: EventParams<WithResponses<ServerSideEvents>, Name>
  ): boolean {
    if (LOCAL_EVENTS.has(event)) {
      throw new EngineError('ERR_RESERVED_EVENT', `"${String(event)}" is a reserved event name`);
    }
    this.audience().bridge.serverSideEmit([event, ...args]);
    return true;
  }

  /**
   * As `serverSideEmit()`, and waits for the answer of each server.
   *
   * @param event its name
   * @param args its arguments, without the callback
   * @throws {Error} rejects when a server did not answer; `responses` on it holds the answers so far
   * @since Socket.IO 4.6
   */
  serverSideEmitWithAck<Name extends EventNamesWithAck<ServerSideEvents>>(
    event: Name,
    ...args: ParamsBeforeAck<ServerSideEvents[Name]>
  ): Promise<AckResult<ServerSideEvents[Name]>[]> {
    return new Promise((resolve, reject) => {
      const done = (error: Error | null, responses: any[]): void => {
        if (error) reject(Object.assign(error, { responses }));
        else resolve(responses);
      };
      (this as Broadcaster<any, any, any, any>).serverSideEmit(event as string, ...(args as any[]), done);
    });
  }

  #everyone(): BroadcastOperator<EmitEvents, SocketData> {
    const namespace = this.audience();
    return new BroadcastOperator(namespace, namespace);
  }
}
