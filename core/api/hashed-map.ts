/**
 * `adapter.rooms` and `adapter.sids`: a Map as in Socket.IO 4 that also reads as the hash of Socket.IO 2. App thread.
 * A live, read-only view; names of Map and Object win over keys of the same name.
 */
import { inspect } from 'node:util';

const MUTATORS: ReadonlySet<PropertyKey> = new Set(['set', 'delete', 'clear']);

function refuse(): never {
  throw new TypeError('This is a view of the rooms: use socket.join() and socket.leave().');
}

/**
 * A Map whose keys are also own enumerable keys, with values of their own shape. Read-only; by type it is any Map, because
 * Socket.IO 4 has it so: what would change it throws. @since Socket.IO 2
 */
export type HashedMap<Value, HashValue> = Map<string, Value> & { readonly [key: string]: HashValue | any };

/**
 * @param map what is shown
 * @param toHashValue makes the value that is read as a property
 */
export function createHashedMap<Value, HashValue>(
  map: Map<string, Value>,
  toHashValue: (value: Value) => HashValue,
): HashedMap<Value, HashValue> {
  return new Proxy(map, {
    get(_target, key) {
      if (key === inspect.custom) return () => map;
      if (key in Map.prototype) {
        if (MUTATORS.has(key)) return refuse;
        if (!Object.hasOwn(Map.prototype, key)) return Reflect.get(map, key); // Object's: they ask the view itself
        const value: unknown = Reflect.get(Map.prototype, key, map);
        return typeof value === 'function' && key !== 'constructor' ? value.bind(map) : value;
      }
      const value = typeof key === 'string' ? map.get(key) : undefined;
      return value === undefined ? undefined : toHashValue(value);
    },
    has: (_target, key) => key in Map.prototype || (typeof key === 'string' && map.has(key)),
    ownKeys: () => [...map.keys()],
    getOwnPropertyDescriptor(_target, key) {
      const value = typeof key === 'string' ? map.get(key) : undefined;
      if (value === undefined) return undefined;
      return { value: toHashValue(value), enumerable: true, configurable: true, writable: false };
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
  }) as unknown as HashedMap<Value, HashValue>;
}
