/**
 * `socket.rooms`: a live, read-only view of the adapter's set for one socket. App thread.
 * Reads as the Set of Socket.IO 4 and, by own enumerable keys, as the hash of Socket.IO 2. It never changes membership.
 */
import { inspect } from 'node:util';

const MUTATORS: ReadonlySet<PropertyKey> = new Set(['add', 'delete', 'clear']);
const NONE: ReadonlySet<string> = new Set();

function refuse(): never {
  throw new TypeError('socket.rooms is a view: use socket.join() and socket.leave().');
}

/**
 * A Set whose members are also own enumerable keys; names of Set and Object win over rooms of the same name. Read-only;
 * by type it is any Set, because Socket.IO 4 has it so: what would change it throws. @since Socket.IO 2
 */
export interface RoomSet extends Set<string> {
  readonly [room: string]: any;
}

/**
 * @param source gives the adapter's set at each access, undefined when the socket is in no room
 */
export function createRoomSet(source: () => ReadonlySet<string> | undefined): RoomSet {
  const live = (): ReadonlySet<string> => source() ?? NONE;
  // A Set by type; inspect() looks at the target, past the traps below.
  const target = new Set<string>();
  Object.defineProperty(target, inspect.custom, { value: live, configurable: true });
  return new Proxy(target, {
    get(_target, key) {
      const rooms = live();
      if (key in Set.prototype) {
        if (MUTATORS.has(key)) return refuse;
        if (!Object.hasOwn(Set.prototype, key)) return Reflect.get(target, key); // Object's: they ask the view itself
        if (key === 'has') return (room: unknown) => rooms.has(String(room));
        const value: unknown = Reflect.get(Set.prototype, key, rooms);
        return typeof value === 'function' && key !== 'constructor' ? value.bind(rooms) : value;
      }
      return typeof key === 'string' && rooms.has(key) ? key : undefined;
    },
    has(_target, key) {
      return key in Set.prototype || (typeof key === 'string' && live().has(key));
    },
    ownKeys() {
      return [...live()];
    },
    getOwnPropertyDescriptor(_target, key) {
      if (typeof key !== 'string' || !live().has(key)) return undefined;
      return { value: key, enumerable: true, configurable: true, writable: false };
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
  }) as unknown as RoomSet;
}
