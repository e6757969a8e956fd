/**
 * `socket.rooms`, `adapter.rooms`, `adapter.sids`, `namespace.connected` and `io.nsps` answer as the plain objects of
 * Socket.IO 2 do, whatever rooms are called: each is compared with such an object.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { type FakeEngine, fakeServer } from '../support/fake-engine.ts';
import { many } from './joined.ts';

/** Names that every object inherits: a room may be called so, and clients may choose. */
const AWKWARD = ['hasOwnProperty', '__proto__', 'constructor', 'toString', 'toJSON', 'then', 'valueOf'];

type Hash = Readonly<Record<string, any>>;

/** Calls a method that every object inherits, by its name as the linter would have another way. */
const inherited = (hash: Hash, method: 'hasOwnProperty' | 'propertyIsEnumerable', key: string): unknown =>
  hash[method](key);

type Idiom = readonly [name: string, ask: (hash: Hash, key: string) => unknown];

/** What code for Socket.IO 2 asks of a hash. */
const IDIOMS: readonly Idiom[] = [
  ['hasOwn', (hash, key) => Object.hasOwn(hash, key)],
  ['in', (hash, key) => key in hash],
  ['keys', (hash) => Object.keys(hash).sort()],
  ['names', (hash) => Object.getOwnPropertyNames(hash).sort()],
];

/** The same by what the hash inherits: a plain object cannot answer when a key of its own hides that. */
const INHERITED_IDIOMS: readonly Idiom[] = [
  ['hasOwnProperty', (hash, key) => inherited(hash, 'hasOwnProperty', key)],
  ['propertyIsEnumerable', (hash, key) => inherited(hash, 'propertyIsEnumerable', key)],
  [
    'for in',
    (hash) => {
      const keys: string[] = [];
      for (const key in hash) if (inherited(hash, 'hasOwnProperty', key)) keys.push(key);
      return keys.sort();
    },
  ],
];

/** Both answer the same about those keys. */
function assertAsPlain(view: Hash, plain: Hash, keys: readonly string[]): void {
  for (const [name, idiom] of [...IDIOMS, ...INHERITED_IDIOMS]) {
    for (const key of keys) assert.deepEqual(idiom(view, key), idiom(plain, key), `${name} of ${key}`);
  }
  assert.equal(typeof view.valueOf, 'function');
  assert.equal(typeof String(view), 'string');
}

/** An object with exactly these keys as its own, `__proto__` too. */
const plainHash = (entries: Iterable<readonly [string, unknown]>): Hash => Object.fromEntries(entries);

async function socketIn(engine: FakeEngine, io: Parameters<typeof many>[0], rooms: readonly string[]) {
  const [{ socket }] = await many(io, engine, 1);
  socket.join([...rooms]);
  return socket;
}

describe('hashes of Socket.IO 2', () => {
  it('56: socket.rooms is one, whatever the rooms are called', async () => {
    const { io, engine } = fakeServer();
    const socket = await socketIn(engine, io, ['a', 'b']);
    const plain = plainHash([socket.id, 'a', 'b'].map((room) => [room, room]));
    assertAsPlain(socket.rooms, plain, ['a', 'b', 'c', socket.id, 'toString']);
    assert.equal(JSON.stringify(socket.rooms), JSON.stringify(plain));
    assert.deepEqual(Object.values(socket.rooms), Object.values(plain));
    assert.deepEqual({ ...socket.rooms }, plain);
    assert.equal(socket.rooms.valueOf(), socket.rooms);
    socket.join(AWKWARD);
    const awkward = plainHash([socket.id, 'a', 'b', ...AWKWARD].map((room) => [room, room]));
    for (const [name, idiom] of IDIOMS) {
      for (const key of AWKWARD) assert.deepEqual(idiom(socket.rooms, key), idiom(awkward, key), `${name} of ${key}`);
    }
    for (const room of AWKWARD) assert.equal(inherited(socket.rooms, 'hasOwnProperty', room), true, room);
    assert.equal(await Promise.resolve(socket.rooms), socket.rooms, 'it is no thenable');
    assert.equal(typeof JSON.stringify(socket.rooms), 'string');
    assert.equal(Object.getPrototypeOf(socket.rooms), Set.prototype);
    assert.equal(typeof String(socket.rooms), 'string');
  });

  it('39: adapter.rooms and adapter.sids are, whatever the rooms are called', async () => {
    const { io, engine } = fakeServer();
    const socket = await socketIn(engine, io, ['a', 'b']);
    const { rooms, sids } = io.sockets.adapter;
    const shape = { sockets: { [socket.id]: true }, length: 1 };
    const plainRooms = plainHash([socket.id, 'a', 'b'].map((room) => [room, shape]));
    const plainSids = plainHash([[socket.id, { [socket.id]: true, a: true, b: true }]]);
    assertAsPlain(rooms, plainRooms, ['a', 'b', 'c', socket.id, 'toString']);
    assertAsPlain(sids, plainSids, [socket.id, 'a']);
    assert.equal(JSON.stringify(rooms), JSON.stringify(plainRooms));
    assert.equal(JSON.stringify(sids), JSON.stringify(plainSids));
    assert.equal(inherited(rooms.a.sockets, 'hasOwnProperty', socket.id), true);
    assert.equal(inherited(sids[socket.id], 'hasOwnProperty', 'a'), true);
    socket.join(AWKWARD);
    for (const room of AWKWARD) {
      assert.equal(inherited(rooms, 'hasOwnProperty', room), true, room);
      assert.equal(Object.hasOwn(sids[socket.id], room), true, room);
      assert.equal(rooms.get(room)?.size, 1, room);
    }
    socket.leaveAll();
    for (const room of AWKWARD) assert.equal(inherited(rooms, 'hasOwnProperty', room), false, room);
    assert.deepEqual(Object.keys(rooms), []);
  });

  it('36, 38: connected and nsps are', async () => {
    const { io, engine } = fakeServer();
    const [{ socket }] = await many(io, engine, 1);
    const { connected } = io.sockets;
    assertAsPlain(connected, plainHash([[socket.id, socket]]), [socket.id, 'nobody', 'toString', 'constructor']);
    assert.equal(connected[socket.id], socket);
    assert.equal(connected.nobody, undefined);
    assert.deepEqual(Object.values(connected), [socket]);
    assert.equal(String(connected), '[object Object]');
    io.of('/chat');
    assertAsPlain(io.nsps, plainHash(Object.entries(io.nsps)), ['/', '/chat', '/other']);
    assert.equal(inspect(io.nsps, { depth: -1 }), inspect({ ...io.nsps }, { depth: -1 }));
    assert.match(inspect(io.nsps, { depth: 0 }), /'\/chat': \[/);
    assert.throws(() => {
      (connected as Record<string, unknown>).x = 1;
    }, TypeError);
  });
});
