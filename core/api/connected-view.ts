/**
 * `namespace.connected`: the sockets of a namespace read as an id → Socket hash, as in Socket.IO 2. App thread.
 * A view of `namespace.sockets`; it holds nothing itself and cannot be written.
 */

export function createConnectedView<Value>(sockets: ReadonlyMap<string, Value>): Readonly<Record<string, Value>> {
  return new Proxy(Object.create(null) as Record<string, Value>, {
    get: (_target, id) => (typeof id === 'string' ? sockets.get(id) : undefined),
    has: (_target, id) => typeof id === 'string' && sockets.has(id),
    ownKeys: () => [...sockets.keys()],
    getOwnPropertyDescriptor(_target, id) {
      if (typeof id !== 'string' || !sockets.has(id)) return undefined;
      return { value: sockets.get(id), enumerable: true, configurable: true, writable: false };
    },
    set: () => false,
    defineProperty: () => false,
    deleteProperty: () => false,
  });
}
