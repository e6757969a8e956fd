/**
 * Listeners of a socket that see every event, whatever its name. App thread.
 * They only watch: what they throw is an uncaught exception and keeps no event back.
 */
import { type EventsMap, StrictEventEmitter } from './typed-events.ts';
import { reportUncaught } from './user-code.ts';

/** Gets the event's name and its arguments. @since Socket.IO 3 */
export type CatchAllListener = (...args: any[]) => void;

function without(list: CatchAllListener[] | undefined, listener?: CatchAllListener): CatchAllListener[] | undefined {
  if (list === undefined || listener === undefined) return undefined;
  const at = list.indexOf(listener);
  const left = at === -1 ? list : list.toSpliced(at, 1);
  return left.length === 0 ? undefined : left;
}

/**
 * Base of `Socket`: Node's emitter with catch-all listeners in both directions. Lists are replaced, never changed.
 * @since Socket.IO 3
 */
export abstract class CatchAllEmitter<
  ListenEvents extends EventsMap,
  ReservedEvents extends EventsMap,
> extends StrictEventEmitter<ListenEvents, ReservedEvents> {
  #inbound: CatchAllListener[] | undefined;
  #outbound: CatchAllListener[] | undefined;

  /**
   * Adds a listener of every event from the client; it runs before middleware and the event's own listeners.
   *
   * @param listener gets the name and the arguments @since Socket.IO 3
   */
  onAny(listener: CatchAllListener): this {
    this.#inbound = [...(this.#inbound ?? []), listener];
    return this;
  }

  /** As `onAny()`, before those already there. @param listener gets the name and the arguments @since Socket.IO 3 */
  prependAny(listener: CatchAllListener): this {
    this.#inbound = [listener, ...(this.#inbound ?? [])];
    return this;
  }

  /**
   * Removes a listener of `onAny()`; all of them without an argument.
   *
   * @param listener given to `onAny()` before @since Socket.IO 3
   */
  offAny(listener?: CatchAllListener): this {
    this.#inbound = without(this.#inbound, listener);
    return this;
  }

  /** The listeners of `onAny()`, in the order they run. @since Socket.IO 3 */
  listenersAny(): CatchAllListener[] {
    return [...(this.#inbound ?? [])];
  }

  /**
   * Adds a listener of every event sent to the client, broadcasts that reach it included; answers are not events.
   *
   * @param listener gets the name and the arguments @since Socket.IO 4.5
   */
  onAnyOutgoing(listener: CatchAllListener): this {
    return this.#watch([...(this.#outbound ?? []), listener]);
  }

  /**
   * As `onAnyOutgoing()`, before those already there.
   *
   * @param listener gets the name and the arguments @since Socket.IO 4.5
   */
  prependAnyOutgoing(listener: CatchAllListener): this {
    return this.#watch([listener, ...(this.#outbound ?? [])]);
  }

  /**
   * Removes a listener of `onAnyOutgoing()`; all of them without an argument.
   *
   * @param listener given to `onAnyOutgoing()` before @since Socket.IO 4.5
   */
  offAnyOutgoing(listener?: CatchAllListener): this {
    return this.#watch(without(this.#outbound, listener));
  }

  /** The listeners of `onAnyOutgoing()`, in the order they run. @since Socket.IO 4.5 */
  listenersAnyOutgoing(): CatchAllListener[] {
    return [...(this.#outbound ?? [])];
  }

  /** Tells listeners what is sent to this client; adapters call it for each recipient. @internal */
  notifyOutgoingListeners(packet: { data?: any }): void {
    if (this.#outbound !== undefined) this.#tell(this.#outbound, packet.data);
  }

  /** Tells listeners what the client sent. @internal */
  notifyInbound(event: readonly unknown[]): void {
    if (this.#inbound !== undefined) this.#tell(this.#inbound, event);
  }

  /** Whether anybody watches what is sent. @internal */
  protected get watched(): boolean {
    return this.#outbound !== undefined;
  }

  /** Called when `watched` may have changed. @internal */
  protected abstract watchedChanged(): void;

  #watch(listeners: CatchAllListener[] | undefined): this {
    this.#outbound = listeners;
    this.watchedChanged();
    return this;
  }

  #tell(listeners: readonly CatchAllListener[], event: readonly unknown[]): void {
    for (const listener of listeners) {
      try {
        listener.apply(this, event as unknown[]);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}
