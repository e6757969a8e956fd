/**
 * Types that tie event names to their arguments, and the emitter class built on them.
 * App thread. Types only, apart from the class: it is Node's own emitter under stricter signatures, nothing is wrapped.
 */
import { EventEmitter } from 'node:events';

/** Event name to listener signature. @since Socket.IO 4 */
export type EventsMap = Record<string, any>;

/** The map used when none is given: any name, any arguments. @since Socket.IO 4 */
export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void;
}

type Callable = (...args: any[]) => any;

/** Names of the events of a map. @since Socket.IO 4 */
export type EventNames<Events extends EventsMap> = keyof Events & (string | symbol);

/** The arguments of one event, its acknowledgement included. @since Socket.IO 4 */
export type EventParams<Events extends EventsMap, Name extends EventNames<Events>> = Parameters<Events[Name]>;

/** True for signatures that say nothing about their length, such as those of `DefaultEventsMap`. */
type IsOpen<Fn> = Fn extends (...args: infer Params) => any ? (number extends Params['length'] ? true : false) : true;

type IsAny<T> = 0 extends 1 & T ? true : false;

type IsError<T> = IsAny<T> extends true ? false : [T] extends [Error] ? true : false;

type LastOf<Fn> = Fn extends (...args: infer Params) => any
  ? Required<Params> extends [...any[], infer Last]
    ? Last
    : never
  : never;

/** The acknowledgement callback in last position; `never` where there is none, or where it may be anything. */
type AckOf<Fn> =
  IsAny<LastOf<Fn>> extends true ? never : [LastOf<Fn>] extends [Callable] ? Extract<LastOf<Fn>, Callable> : never;

/** Signatures that leave open whether they end in an acknowledgement: `(data: any) => void` does too. */
type IsVague<Fn> = IsOpen<Fn> extends true ? true : IsAny<LastOf<Fn>>;

/** An acknowledgement that need not be asked for: `(id: number, answer?: () => void) => void`. */
type AckIsOptional<Fn> = Fn extends (...args: infer Params) => any
  ? Params extends Required<Params>
    ? false
    : true
  : false;

/** Names whose listeners end in an acknowledgement, and every name that leaves it open. @since Socket.IO 4 */
export type EventNamesWithAck<Events extends EventsMap> = {
  [Name in EventNames<Events>]: IsVague<Events[Name]> extends true
    ? Name
    : [AckOf<Events[Name]>] extends [never]
      ? never
      : Name;
}[EventNames<Events>];

/** Names whose listeners can do with data only: what may be broadcast without `timeout()`. @since Socket.IO 4 */
export type EventNamesWithoutAck<Events extends EventsMap> = {
  [Name in EventNames<Events>]: IsVague<Events[Name]> extends true
    ? Name
    : [AckOf<Events[Name]>] extends [never]
      ? Name
      : AckIsOptional<Events[Name]> extends true
        ? Name
        : never;
}[EventNames<Events>];

/** The map without the events that ask for an acknowledgement. */
export type RemoveAcknowledgements<Events extends EventsMap> = {
  [Name in EventNamesWithoutAck<Events>]: Events[Name];
};

/** The arguments before the acknowledgement, for `emitWithAck`. @since Socket.IO 4 */
export type ParamsBeforeAck<Fn> =
  IsOpen<Fn> extends true
    ? any[]
    : Fn extends (...args: infer Params) => any
      ? Required<Params> extends [...infer Before, any]
        ? Before
        : []
      : never;

/** What an acknowledgement answers: its first argument that is not the time-out error. @since Socket.IO 4 */
export type AckResult<Fn> =
  IsVague<Fn> extends true
    ? any
    : Parameters<AckOf<Fn>> extends [infer First, ...infer Rest]
      ? IsError<First> extends true
        ? Rest extends [infer Second, ...any[]]
          ? Second
          : undefined
        : First
      : undefined;

type WithAck<Fn, Ack> =
  AckIsOptional<Fn> extends true
    ? (...args: [...ParamsBeforeAck<Fn>, ack?: Ack]) => void
    : (...args: [...ParamsBeforeAck<Fn>, ack: Ack]) => void;

/** What an acknowledgement is given behind the time-out error, which it may have been declared with. */
type Answer<Fn> =
  Parameters<AckOf<Fn>> extends [infer First, ...infer Rest]
    ? IsError<First> extends true
      ? Rest
      : [First, ...Rest]
    : Parameters<AckOf<Fn>>;

/** After `socket.timeout(ms)`: every acknowledgement takes an error first. @since Socket.IO 4 */
export type WithTimeout<Events extends EventsMap> = {
  [Name in keyof Events]: IsVague<Events[Name]> extends true
    ? Events[Name]
    : [AckOf<Events[Name]>] extends [never]
      ? Events[Name]
      : WithAck<Events[Name], (error: Error, ...answer: Answer<Events[Name]>) => void>;
};

/** After `io.timeout(ms)`: every acknowledgement takes an error, then one answer per client. @since Socket.IO 4 */
export type WithResponses<Events extends EventsMap> = {
  [Name in keyof Events]: IsVague<Events[Name]> extends true
    ? Events[Name]
    : [AckOf<Events[Name]>] extends [never]
      ? Events[Name]
      : WithAck<Events[Name], (error: Error, responses: AckResult<Events[Name]>[]) => void>;
};

/** Names of the events of two maps. @since Socket.IO 4 */
export type ReservedOrUserNames<Reserved extends EventsMap, Listen extends EventsMap> =
  | EventNames<Reserved>
  | EventNames<Listen>;

/** The listener of an event; reserved events come first, names known to neither map stay open. @since Socket.IO 4 */
export type ReservedOrUserListener<
  Reserved extends EventsMap,
  Listen extends EventsMap,
  Name extends ReservedOrUserNames<Reserved, Listen>,
> =
  Name extends EventNames<Reserved>
    ? Reserved[Name]
    : Name extends EventNames<Listen>
      ? Listen[Name]
      : (...args: any[]) => void | Promise<void>;

/**
 * `emit` of sockets and namespaces gives the emitter back, for chaining as in Socket.IO 2; the type also counts as
 * `true`, because Socket.IO 4 gives a boolean. The value is truthy either way. @since Broadside
 */
export type Emitted<Self> = Self & true;

/**
 * `join` and `leave` give the socket back, for chaining as in Socket.IO 2; the type also counts as void, because
 * Socket.IO 4 gives nothing. @since Broadside
 */
// biome-ignore lint/suspicious/noConfusingVoidType: to count as void is what it is for
export type Joined<Self> = Self & void;

type Listener = (...args: any[]) => void;

/**
 * Node's emitter with names and arguments checked where Socket.IO 4 checks them; `emit` is left to each class, because
 * it goes to clients. @since Socket.IO 2
 */
export interface TypedEmitter<Listen extends EventsMap, Reserved extends EventsMap> {
  /** Adds a listener. @param event its name @param listener gets its arguments */
  on<Name extends ReservedOrUserNames<Reserved, Listen>>(
    event: Name,
    listener: ReservedOrUserListener<Reserved, Listen, Name>,
  ): this;
  /** Adds a listener of the next such event. @param event its name @param listener gets its arguments */
  once<Name extends ReservedOrUserNames<Reserved, Listen>>(
    event: Name,
    listener: ReservedOrUserListener<Reserved, Listen, Name>,
  ): this;
  /** Same as `on()`. @param event its name @param listener gets its arguments */
  addListener<Name extends ReservedOrUserNames<Reserved, Listen>>(
    event: Name,
    listener: ReservedOrUserListener<Reserved, Listen, Name>,
  ): this;
  addListener(event: string | symbol, listener: Listener): this;
  /** As `on()`, before those already there. @param event its name @param listener gets its arguments */
  prependListener<Name extends ReservedOrUserNames<Reserved, Listen>>(
    event: Name,
    listener: ReservedOrUserListener<Reserved, Listen, Name>,
  ): this;
  prependListener(event: string | symbol, listener: Listener): this;
  /** As `once()`, before those already there. @param event its name @param listener gets its arguments */
  prependOnceListener<Name extends ReservedOrUserNames<Reserved, Listen>>(
    event: Name,
    listener: ReservedOrUserListener<Reserved, Listen, Name>,
  ): this;
  prependOnceListener(event: string | symbol, listener: Listener): this;
  /** Same as `removeListener()`. @param event its name @param listener added before */
  off(event: string | symbol, listener: Listener): this;
  /** Removes a listener. @param event its name @param listener added before */
  removeListener(event: string | symbol, listener: Listener): this;
  /** Removes all listeners. @param event its name, none for all events */
  removeAllListeners(event?: string | symbol): this;
  /** The listeners of an event. @param event its name */
  listeners<Name extends ReservedOrUserNames<Reserved, Listen>>(
    event: Name,
  ): ReservedOrUserListener<Reserved, Listen, Name>[];
  /** The same, those of `once()` as they are kept. @param event its name */
  rawListeners(event: string | symbol): Function[];
  /** How many listeners an event has. @param event its name @param listener counts this one only */
  listenerCount(event: string | symbol, listener?: Function): number;
  /** Names of the events that have listeners. */
  eventNames(): (string | symbol)[];
  /** How many listeners an event may have before Node warns. @param count 0 for no limit */
  setMaxListeners(count: number): this;
  /** That number. */
  getMaxListeners(): number;
}

type TypedEmitterConstructor = new <Listen extends EventsMap, Reserved extends EventsMap>() => TypedEmitter<
  Listen,
  Reserved
>;

/** Base of `Server`, `Namespace` and `Socket`. @since Socket.IO 4 */
export class StrictEventEmitter<
  Listen extends EventsMap,
  Reserved extends EventsMap = {},
> extends (EventEmitter as unknown as TypedEmitterConstructor)<Listen, Reserved> {}
