/**
 * `Server`: the class as applications use it, with and without `new`, acting for its main namespace. App thread.
 */
import type { GivenOptions } from './api-options.ts';
import type { NodeServer } from './listen-target.ts';
import { SocketIoServer } from './socket-io-server.ts';
import type { DefaultEventsMap, EventsMap } from './typed-events.ts';

/** Emitter methods that `io` forwards to its main namespace; they return what the namespace returns. */
const FORWARDED = [
  'addListener',
  'emit',
  'eventNames',
  'getMaxListeners',
  'listenerCount',
  'listeners',
  'off',
  'on',
  'once',
  'prependListener',
  'prependOnceListener',
  'rawListeners',
  'removeAllListeners',
  'removeListener',
  'setMaxListeners',
] as const;

for (const name of FORWARDED) {
  Object.defineProperty(SocketIoServer.prototype, name, {
    value(this: SocketIoServer, ...args: unknown[]): unknown {
      return Reflect.apply(this.sockets[name] as Function, this.sockets, args);
    },
    configurable: true,
    writable: true,
  });
}

/** A Socket.IO server. See the constructor; `new` may be left out. @since Socket.IO 2 */
export type Server<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> = SocketIoServer<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;

/**
 * The class, which can be called like a function too. `listen` is the same under its oldest name. @since Socket.IO 2
 */
export interface ServerConstructor {
  /**
   * See the constructor of the class.
   *
   * @param target a port, a server of Node, or options
   * @param options see `GivenOptions`
   */
  new <
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = any,
  >(
    target?: number | string | NodeServer | GivenOptions,
    options?: GivenOptions,
  ): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** The same without `new`. @param target a port, a server of Node, or options @param options see `GivenOptions` */
  <
    ListenEvents extends EventsMap = DefaultEventsMap,
    EmitEvents extends EventsMap = ListenEvents,
    ServerSideEvents extends EventsMap = DefaultEventsMap,
    SocketData = any,
  >(
    target?: number | string | NodeServer | GivenOptions,
    options?: GivenOptions,
  ): Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>;
  /** What servers inherit. */
  readonly prototype: Server<any, any, any, any>;
  /** The class under its oldest name. */
  readonly listen: ServerConstructor;
}

/** The class; it may be called without `new`. @since Socket.IO 2 */
export const Server = new Proxy(SocketIoServer, {
  apply: (target, _self, args: [GivenOptions?]) => new target(...args),
}) as unknown as ServerConstructor;

Object.defineProperty(SocketIoServer.prototype, 'constructor', { value: Server, configurable: true, writable: true });
Object.defineProperty(SocketIoServer, 'listen', { value: Server });
