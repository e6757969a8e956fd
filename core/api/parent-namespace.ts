/**
 * What `io.of()` gives for a RegExp or a function: a template for namespaces that come with their first client. App
 * thread. Nobody connects to it; what it sends goes to its children.
 */
import { EngineError } from '../errors.ts';
import type { AnyAdapter } from './adapter-kinds.ts';
import { Namespace } from './namespace.ts';
import { ParentAdapter } from './parent-adapter.ts';
import type { Server } from './server.ts';
import type { DefaultEventsMap, EventsMap } from './typed-events.ts';

/**
 * Decides whether a client may have the namespace `name`; calls `next(error, allow)`, now or later.
 * @since Socket.IO 2.1
 */
export type NamespaceMatcher = (
  name: string,
  auth: { [key: string]: any },
  next: (error: Error | null, allow: boolean) => void,
) => void;

/** Names of parents only tell them apart. */
let parents = 0;

/** @throws {EngineError} `ERR_OPTION_INVALID` for a RegExp that remembers where it stopped */
export function matcherOf(expression: RegExp): NamespaceMatcher {
  if (expression.global || expression.sticky) {
    throw new EngineError('ERR_OPTION_INVALID', 'stateful regular expressions are not supported');
  }
  return (name, _auth, next) => next(null, expression.test(name));
}

/**
 * A template for namespaces, made by `io.of()` for a RegExp or a function; nobody connects to it, what it sends goes to
 * all its children. @since Socket.IO 2.1
 */
export class ParentNamespace<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
  ServerSideEvents extends EventsMap = DefaultEventsMap,
  SocketData = any,
> extends Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
  readonly #children = new Set<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>>();
  /** Those that came with a client, in the order in which they came. */
  readonly #ofClients = new Set<Namespace<any, any, any, any>>();

  /** @internal */
  constructor(server: Server<ListenEvents, EmitEvents, ServerSideEvents, SocketData>) {
    super(server, `/_${parents++}`);
  }

  /** The namespaces made from it. @internal */
  get children(): ReadonlySet<Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>> {
    return this.#children;
  }

  /** A namespace with copies of this one's middleware and listeners as they are now. @internal */
  createChild(name: string): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> {
    const child = new Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData>(this.server, name);
    for (const fn of this.middleware) child.use(fn);
    for (const event of ['connect', 'connection'] as const) {
      for (const listener of this.listeners(event)) child.on(event, listener);
    }
    this.#children.add(child);
    return child;
  }

  /**
   * A child for a client, of which there are at most `max`.
   *
   * @param forget called with an older one that nobody is in and that has to go for it
   * @returns undefined when somebody is in each of them
   * @internal
   */
  createChildOfClient(
    name: string,
    max: number,
    forget: (child: Namespace<any, any, any, any>) => void,
  ): Namespace<ListenEvents, EmitEvents, ServerSideEvents, SocketData> | undefined {
    if (this.#ofClients.size >= max) {
      const empty = this.#oldestEmpty();
      if (empty === undefined) return undefined;
      forget(empty);
    }
    const child = this.createChild(name);
    this.#ofClients.add(child);
    return child;
  }

  /** The child is forgotten. @internal */
  removeChild(child: Namespace<any, any, any, any>): void {
    this.#children.delete(child);
    this.#ofClients.delete(child);
  }

  #oldestEmpty(): Namespace<any, any, any, any> | undefined {
    for (const child of this.#ofClients) if (child.isEmpty) return child;
    return undefined;
  }

  /** @internal */
  protected override createAdapter(): AnyAdapter {
    return new ParentAdapter(this);
  }
}
