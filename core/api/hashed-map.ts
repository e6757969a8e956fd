/**
 * `adapter.rooms` and `adapter.sids`: a Map as in Socket.IO 4 that also reads as the hash of Socket.IO 2. App thread.
 * A live, read-only view; names of Map and Object win over keys of the same name.
 */
import { inspect } from 'node:util';

function refuse(): never {
  throw new TypeError('This is a view of the rooms: use socket.join() and socket.leave().');
}

/**
 * A Map whose keys are also own enumerable keys, with values of their own shape. Read-only; by type it is any Map, because
 * Socket.IO 4 has it so: what would change it throws. @since Socket.IO 2
 */
export type HashedMap<Value, HashValue> = Map<string, Value> & { readonly [key: string]: HashValue | any };

/** What a view shows. A value may cost something to make: it is asked for when somebody looks at it. */
export interface MapSource<Value> {
  /** Keys. */
  readonly count: number;
  hasKey(key: string): boolean;
  keys(): MapIterator<string>;
  get(key: string): Value | undefined;
}

/** A Map by type that holds nothing itself. */
class SourceMap<Value> extends Map<string, Value> {
  readonly #source: MapSource<Value>;

  constructor(source: MapSource<Value>) {
    super();
    this.#source = source;
  }

  override get size(): number {
    return this.#source.count;
  }

  override has(key: string): boolean {
    return this.#source.hasKey(key);
  }

  override get(key: string): Value | undefined {
    return this.#source.get(key);
  }

  override keys(): MapIterator<string> {
    return this.#source.keys();
  }

  override *entries(): MapIterator<[string, Value]> {
    for (const key of this.#source.keys()) yield [key, this.#source.get(key) as Value];
  }

  override *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  override forEach(callback: (value: Value, key: string, map: Map<string, Value>) => void, thisArg?: unknown): void {
    for (const [key, value] of this.entries()) callback.call(thisArg, value, key, this);
  }

  override [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  override set(): never {
    return refuse();
  }

  override delete(): never {
    return refuse();
  }

  override clear(): never {
    return refuse();
  }
}

/**
 * @param source what is shown
 * @param toHashValue makes the value that is read as a property
 */
export function createHashedMap<Value, HashValue>(
  source: MapSource<Value>,
  toHashValue: (value: Value) => HashValue,
): HashedMap<Value, HashValue> {
  const map = new SourceMap(source);
  return new Proxy(map, {
    get(_target, key) {
      if (key === inspect.custom) return () => new Map(map);
      if (key === 'constructor') return Map;
      if (key in Map.prototype) {
        const value: unknown = Reflect.get(map, key);
        // Those of Object ask the view itself.
        return typeof value === 'function' && Object.hasOwn(Map.prototype, key) ? value.bind(map) : value;
      }
      const value = typeof key === 'string' ? map.get(key) : undefined;
      return value === undefined ? undefined : toHashValue(value);
    },
    has: (_target, key) => key in Map.prototype || (typeof key === 'string' && map.has(key)),
    ownKeys: () => [...map.keys()],
    getOwnPropertyDescriptor(_target, key) {
      if (typeof key !== 'string' || !map.has(key)) return undefined;
      // A getter: whoever lists the keys asks for descriptors and looks at no value.
      return { get: () => toHashValue(map.get(key) as Value), enumerable: true, configurable: true };
    },
    set: refuse,
    defineProperty: refuse,
    deleteProperty: refuse,
  }) as unknown as HashedMap<Value, HashValue>;
}
