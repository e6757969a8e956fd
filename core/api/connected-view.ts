/**
 * `namespace.connected` and `io.nsps`: a Map read as a plain object, as in Socket.IO 2. App thread.
 * It holds nothing itself and cannot be written; names that every object has win over keys of the same name.
 */
import { inspect } from 'node:util';

export function createConnectedView<Value>(sockets: ReadonlyMap<string, Value>): Readonly<Record<string, Value>> {
  const target = {} as Record<string, Value>;
  // inspect() looks at the target, past the traps below.
  Object.defineProperty(target, inspect.custom, { value: () => Object.fromEntries(sockets), configurable: true });
  return new Proxy(target, {
    get: (_target, id) =>
      typeof id === 'string' && !(id in Object.prototype) ? sockets.get(id) : Reflect.get(target, id),
    has: (_target, id) => id in Object.prototype || (typeof id === 'string' && sockets.has(id)),
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
