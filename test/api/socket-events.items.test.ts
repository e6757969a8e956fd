/**
 * Events of a socket in both directions, elements of the documented API, each test under its number.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../../core/agents/link.ts';
import { fakeServer } from '../support/fake-engine.ts';
import { legacy, modern, one } from './joined.ts';

describe('what a client sends', () => {
  it('61: use(fn) sees the event as an array it may change; an error goes to an old client, and to listeners for a new one', async () => {
    const { io, engine } = fakeServer();
    const seen: unknown[] = [];
    const old = await legacy(io, engine);
    const young = await modern(io, engine);
    for (const { socket, conn } of [old, young]) {
      const chained = socket.use((event, next) => {
        assert.ok(Array.isArray(event));
        if (event[0] === 'no') return next(Object.assign(new Error('refused'), { data: 'why' }));
        event.push('added');
        next();
      });
      assert.equal(chained, socket);
      socket.on('yes', (...args) => seen.push(args));
      socket.on('error', (error) => seen.push(error.message));
      conn.receive('2["yes",1]', '2["no"]', '30["answers are not seen"]');
    }
    assert.deepEqual(seen, [[1, 'added'], [1, 'added'], 'refused']);
    assert.deepEqual(old.conn.taken(), ['4"why"']);
    assert.deepEqual(young.conn.taken(), []);
  });

  it('66: on(event, cb) gets the arguments, and an answer function only when the client asked for one', async () => {
    const { socket, conn } = await one();
    const seen: unknown[][] = [];
    assert.equal(
      socket.on('a', (...args) => seen.push(args.map((arg) => typeof arg))),
      socket,
    );
    conn.receive('2["a",1]', '20["a",1]');
    assert.deepEqual(seen, [['number'], ['number', 'function']]);
  });

  it('67: once(event, listener) hears one event', async () => {
    const { socket, conn } = await one();
    let heard = 0;
    assert.equal(
      socket.once('a', () => heard++),
      socket,
    );
    conn.receive('2["a"]', '2["a"]');
    assert.equal(heard, 1);
  });

  it('68: removeListener(event, listener) chains', async () => {
    const { socket, conn } = await one();
    const listener = (): void => assert.fail('removed');
    assert.equal(socket.on('a', listener).removeListener('a', listener), socket);
    conn.receive('2["a"]');
    assert.equal(socket.listenerCount('a'), 0);
  });

  it('69: removeAllListeners() chains, and a later protocol error harms nobody', async () => {
    const { socket, conn } = await one();
    socket.on('a', () => assert.fail('removed'));
    socket.on('error', () => assert.fail('removed'));
    assert.equal(socket.removeAllListeners(), socket);
    conn.receive('2["a"]', '2{');
    assert.equal(conn.readyState, 'closing');
  });

  it('70: eventNames() lists what is listened to; newListener stays a local event', async () => {
    const { socket, conn } = await one();
    const seen: unknown[] = [];
    socket.on('newListener', ((name: string) => seen.push(name)) as never);
    socket.on('a', () => {});
    assert.deepEqual(socket.eventNames(), ['newListener', 'a']);
    assert.deepEqual(seen, ['a']);
    assert.deepEqual(conn.taken(), []);
  });

  it('71: events, answers and a disconnect reach the application in the order of the wire', async () => {
    const { socket, conn } = await one();
    const seen: unknown[] = [];
    socket.on('a', (n) => seen.push(n));
    socket.on('disconnect', (reason) => seen.push(reason));
    socket.emit('x', () => seen.push('answer'));
    conn.receive('2["a",1]', '30[]', '2["a",2]', '1', '2["a",3]');
    assert.deepEqual(seen, [1, 'answer', 2, 'client namespace disconnect']);
  });

  it('72: the answer function sends once, binary too, and nothing after a disconnect', async () => {
    const { socket, conn } = await one();
    const answers: Function[] = [];
    socket.on('a', (answer) => answers.push(answer));
    conn.receive('25["a"]', '26["a"]', '27["a"]');
    answers[0](1, 2);
    answers[0]('again');
    answers[1](Buffer.from([9]));
    assert.deepEqual(conn.taken(), ['35[1,2]', '61-6[{"_placeholder":true,"num":0}]', Buffer.from([9])]);
    socket.disconnect();
    conn.taken();
    answers[2]();
    assert.deepEqual(conn.taken(), []);
  });

  it('88: error is emitted for a bad frame, for an error packet of an old client, and for an event of that name', async () => {
    const { io, engine } = fakeServer();
    const { conn, socket } = await legacy(io, engine);
    const seen: unknown[] = [];
    socket.on('error', (error) => seen.push(error instanceof Error ? error.message : error));
    socket.on('disconnect', (reason) => seen.push(reason));
    conn.receive('4"oops"', '2["error","mine"]', '2{"a":1}');
    assert.deepEqual(seen, ['oops', 'mine', 'invalid payload', 'forced close']);
  });

  it('90: reserved names are refused in both directions, except error', async () => {
    const reserved = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];
    for (const name of reserved) {
      const { socket, conn } = await one();
      assert.throws(() => socket.emit(name), { message: `"${name}" is a reserved event name` });
      assert.throws(() => socket.broadcast.emit(name), { code: 'ERR_RESERVED_EVENT' });
      conn.receive(`2["${name}"]`);
      assert.equal(conn.readyState, 'closing', name);
    }
    const { socket, conn } = await one();
    socket.emit('error', 1);
    socket.emit('message', 2);
    assert.deepEqual(conn.taken(), ['2["error",1]', '2["message",2]']);
  });

  it('onAny hears every event before middleware, in order, and can be taken back', async () => {
    const { socket, conn } = await one();
    const seen: unknown[] = [];
    const second = (...args: unknown[]): void => void seen.push(['second', ...args]);
    socket.onAny(second);
    socket.prependAny((name) => seen.push(['first', name]));
    socket.use((event, next) => {
      seen.push('middleware');
      event[1] = 'changed';
      next();
    });
    socket.on('a', (value) => seen.push(value));
    conn.receive('2["a",1]', '30[]');
    assert.deepEqual(seen, [['first', 'a'], ['second', 'a', 1], 'middleware', 'changed']);
    assert.equal(socket.listenersAny().length, 2);
    assert.equal(socket.offAny(second).listenersAny().length, 1);
    assert.deepEqual(socket.offAny().listenersAny(), []);
  });
});

describe('what a socket sends', () => {
  it('62: send(...args, ack) emits message; write is the same', async () => {
    const { socket, conn } = await one();
    const answers: unknown[] = [];
    assert.equal(
      socket.send('a', (value: unknown) => answers.push(value)),
      socket,
    );
    assert.equal(socket.write('b'), socket);
    assert.deepEqual(conn.taken(), ['20["message","a"]', '2["message","b"]']);
    conn.receive('30["woot"]');
    assert.deepEqual(answers, ['woot']);
  });

  it('63: emit serialises at the call, takes any name JSON can carry, and chains; after a disconnect it is ignored', async () => {
    const { socket, conn } = await one();
    const data = { n: 1 };
    assert.equal(socket.emit('a', data), socket);
    data.n = 2;
    socket.emit(5 as never).emit('');
    assert.deepEqual(conn.taken(), ['2["a",{"n":1}]', '2[5]', '2[""]']);
    socket.disconnect();
    conn.taken();
    socket.emit('gone');
    assert.deepEqual(conn.taken(), []);
  });

  it('64: acks are numbered per namespace and called at most once; unknown ids are ignored', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    const seen: unknown[] = [];
    socket.emit('a', (...args: unknown[]) => seen.push(args));
    other.socket.emit('b', () => {});
    assert.deepEqual([conn.taken(), other.conn.taken()], [['20["a"]'], ['21["b"]']]);
    conn.receive('30[1,2]', '30["again"]', '399["unknown"]');
    assert.deepEqual(seen, [[1, 2]]);
    assert.throws(() => socket.to('r').emit('c', () => {}), /Callbacks are not supported when broadcasting/);
  });

  it('65: data follows JSON, and binary at any depth is attached', async () => {
    const { socket, conn } = await one();
    socket.emit('a', undefined, Number.NaN, new Date(0), new Map(), { u: undefined, t: { toJSON: () => 'j' } });
    socket.emit('b', [{ deep: new Uint16Array([1]) }], new ArrayBuffer(1));
    const placeholders = '[{"deep":{"_placeholder":true,"num":0}}],{"_placeholder":true,"num":1}';
    assert.deepEqual(conn.taken(), [
      '2["a",null,null,"1970-01-01T00:00:00.000Z",{},{"t":"j"}]',
      `52-["b",${placeholders}]`,
      new Uint8Array([1, 0]),
      new Uint8Array(1),
    ]);
    assert.throws(() => socket.emit('c', 1n), TypeError);
    const circular: unknown[] = [];
    circular.push(circular);
    assert.throws(() => socket.emit('c', circular), RangeError);
    assert.deepEqual(conn.taken(), []);
  });

  it('81: compress(false) holds for one emit', async () => {
    const { socket, link } = await one();
    link.flags.length = 0;
    socket.compress(false).emit('a').compress(true).emit('b').emit('c');
    socket.compress(false).broadcast.emit('nobody');
    socket.emit('d');
    assert.deepEqual(link.flags, [0, FLAG_COMPRESS, FLAG_COMPRESS, 0, FLAG_COMPRESS]);
  });

  it('83: broadcast reaches everyone else, with to() those in the room', async () => {
    const { io, engine } = fakeServer();
    const [a, b, c] = [await modern(io, engine), await modern(io, engine), await modern(io, engine)];
    c.socket.join('r');
    a.socket.broadcast.emit('1');
    a.socket.broadcast.to('r').emit('2');
    assert.equal(a.socket.to('r').broadcast.emit('3'), a.socket, 'the socket, as a chain of Socket.IO 2 expects');
    assert.deepEqual(
      [a, b, c].map(({ conn }) => conn.taken().length),
      [0, 1, 3],
    );
  });

  it('84: volatile holds for one emit, and is dropped while commands cannot be taken', async () => {
    const { socket, link, conn } = await one();
    link.flags.length = 0;
    socket.volatile.emit('a').emit('b');
    assert.deepEqual(link.flags, [FLAG_COMPRESS | FLAG_VOLATILE, FLAG_COMPRESS]);
    conn.taken();
    link.writable = false;
    socket.volatile.emit('dropped').emit('kept');
    assert.deepEqual(conn.taken(), ['2["kept"]']);
  });

  it('85: json and binary change nothing; local is broadcast on this server', async () => {
    const { io, engine, socket, conn } = await one();
    const other = await modern(io, engine);
    socket.json.emit('a').binary(true).emit('b');
    socket.local.emit('c');
    assert.deepEqual([conn.taken(), other.conn.taken()], [['2["a"]', '2["b"]'], ['2["c"]']]);
  });

  it('onAnyOutgoing hears direct emits and each broadcast that reaches the socket, answers not', async () => {
    const { io, engine, link, socket, conn } = await one();
    const other = await modern(io, engine);
    const seen: unknown[][] = [];
    const listener = (...args: unknown[]): void => void seen.push(args);
    other.socket.onAnyOutgoing(() => assert.fail('taken back')).offAnyOutgoing();
    socket.onAnyOutgoing(listener);
    socket.prependAnyOutgoing((name) => seen.push(['before', name]));
    socket.emit('1', 'x', () => {});
    io.emit('2');
    io.to('nowhere').emit('3');
    io.except(socket.id).emit('4');
    other.socket.to(socket.id).emit('5');
    io.timeout(10)
      .emitWithAck('6')
      .catch(() => {});
    socket.on('q', (answer) => answer());
    conn.receive('29["q"]');
    const names = seen.filter(([first]) => first !== 'before').map(([name]) => name);
    assert.deepEqual(names, ['1', '2', '5', '6']);
    assert.deepEqual(seen.slice(0, 2), [
      ['before', '1'],
      ['1', 'x'],
    ]);
    assert.equal(socket.listenersAnyOutgoing().length, 2);
    assert.equal(io.sockets.observers.size, 1);
    link.calls.broadcast = 0;
    io.emit('7');
    assert.equal(link.calls.broadcast, 1, 'one record, watched or not');
    socket.offAnyOutgoing();
    conn.drop();
    assert.equal(io.sockets.observers.size, 0);
  });
});
