import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG_COMPRESS, FLAG_VOLATILE } from '../../core/agents/link.ts';
import { resolveApiOptions } from '../../core/api/api-options.ts';
import type { Socket } from '../../core/api/socket.ts';
import { type FakeConn, fakeServer, join, joinLegacy, settle, uncaught } from '../support/fake-engine.ts';

const { maxArguments: MAX_ARGUMENTS, maxDepth: MAX_DEPTH } = resolveApiOptions({}).limits;

async function pair(legacy = false) {
  const server = fakeServer();
  const conn: FakeConn = legacy ? await joinLegacy(server.engine) : await join(server.engine);
  const socket: Socket = [...server.io.sockets.sockets.values()][0];
  return { ...server, conn, socket };
}

describe('events from a client', () => {
  it('reach listeners in wire order, answers and a disconnect right behind them included', async () => {
    const { conn, socket } = await pair();
    const seen: unknown[] = [];
    socket.emit('ask', (value: unknown) => seen.push('ack', value));
    socket.on('a', (value) => seen.push('a', value));
    socket.on('disconnect', (reason) => seen.push(reason));
    conn.receive('2["a",1]', '30["yes"]', '2["a",2]', '1', '2["a",3]');
    assert.deepEqual(seen, ['a', 1, 'ack', 'yes', 'a', 2, 'client namespace disconnect']);
  });

  it('carry binary at any depth, as Buffers', async () => {
    const { conn, socket } = await pair();
    const seen: unknown[] = [];
    socket.on('bin', (...args) => seen.push(...args));
    const [first, second] = [Buffer.from([1, 2]), Buffer.from([3])];
    conn.receive(
      '52-["bin",{"deep":[{"_placeholder":true,"num":0}]},{"_placeholder":true,"num":1}]',
      first,
      second,
      '2["bin","text"]',
    );
    assert.deepEqual(seen, [{ deep: [first] }, second, 'text']);
  });

  it('may have any name a string or number can be, and need no error listener', async () => {
    const { conn, socket } = await pair();
    const seen: unknown[] = [];
    for (const name of ['__proto__', 'constructor', '1', '']) socket.on(name, (value) => seen.push(name, value));
    conn.receive('2["__proto__",1]', '2["constructor",2]', '2[1,3]', '2["",4]', '2["error",5]', '2["toString"]');
    assert.deepEqual(seen, ['__proto__', 1, 'constructor', 2, '1', 3, '', 4]);
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error));
    conn.receive('2["error",6]');
    assert.deepEqual(errors, [6]);
    assert.equal(conn.readyState, 'open');
  });

  it('are answered once through the last argument', async () => {
    const { conn, socket } = await pair();
    socket.on('ask', (value, answer) => {
      answer(value, Buffer.from([9]));
      answer('again');
    });
    conn.receive('27["ask","x"]');
    assert.deepEqual(conn.taken(), ['61-7["x",{"_placeholder":true,"num":0}]', Buffer.from([9])]);
  });

  const nested = (levels: number): string => `2["m",${'['.repeat(levels)}${']'.repeat(levels)}]`;
  const refused: Record<string, (string | Buffer)[]> = {
    'an event without payload': ['2'],
    'an event whose name is an object': ['2[{"toString":"x"}]'],
    'an empty event': ['2[]'],
    'an event named null': ['2[null]'],
    'a reserved name': ['2["disconnect","faked"]'],
    'the name newListener': ['2["newListener"]'],
    'an ack id past the safe integers': ['299999999999999999999["a"]'],
    'deep nesting': [nested(MAX_DEPTH)],
    'deep nesting behind escaped quotes': [`2["m","\\\\\\"[",${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}]`],
    'more arguments than the stack takes': [`2["m"${',1'.repeat(MAX_ARGUMENTS)}]`],
    'an attachment index that is no integer': ['51-["a",{"_placeholder":true,"num":0.5}]', Buffer.from([1])],
    'an attachment index that is a string': ['51-["a",{"_placeholder":true,"num":"splice"}]', Buffer.from([1])],
    'text while attachments are due': ['51-["a",{"_placeholder":true,"num":0}]', '2["b"]'],
    'bytes without a header': [Buffer.from([1])],
    'broken JSON': ['2["a"'],
    'an unknown type': ['9'],
    'a payload of another kind': ['2{"a":1}'],
  };
  for (const [what, frames] of Object.entries(refused)) {
    it(`close the connection with error and forced close for ${what}`, async () => {
      const { conn, socket } = await pair();
      const seen: string[] = [];
      for (const name of ['m', 'a', 'b']) socket.on(name, () => seen.push(name));
      socket.on('error', (error) => seen.push(error instanceof Error ? 'error' : 'odd'));
      socket.on('disconnect', (reason) => seen.push(reason));
      conn.receive(...frames);
      assert.deepEqual(seen, ['error', 'forced close']);
      conn.receive('2["m"]');
      await settle();
      assert.equal(conn.readyState, 'closed');
      assert.equal(seen.length, 2);
    });
  }

  it('may be nested to the limit, with brackets in strings not counted', async () => {
    const { conn, socket } = await pair();
    let seen = 0;
    socket.on('m', () => seen++);
    conn.receive(nested(MAX_DEPTH - 1), `2["m",${JSON.stringify('[{"\\'.repeat(200))}]`);
    assert.equal(seen, 2);
    assert.equal(conn.readyState, 'open');
  });

  it('that break the session close a Socket.IO 4 connection', async () => {
    for (const frames of [['2["a"]'], ['1'], ['3["a"]'], ['0', '2["a"]'], ['0', '0'], ['0', '4{"message":"x"}']]) {
      const { engine } = fakeServer();
      const conn = engine.open();
      conn.receive(...frames);
      await settle();
      await settle();
      assert.equal(conn.readyState, 'closed', frames.join(' '));
    }
  });

  it('for a namespace not joined are ignored from Socket.IO 2 clients, and their errors are reported', async () => {
    const { io, conn, socket } = await pair(true);
    io.of('/chat');
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error.message));
    conn.receive('2/chat,["a"]', '1/chat', '2/nope,["a"]', '4"oops"');
    await settle();
    assert.equal(conn.readyState, 'open');
    assert.deepEqual(errors, ['oops']);
  });

  it('that were on their way when the server disconnected the namespace do no harm', async () => {
    const { io, engine } = fakeServer();
    const chat = io.of('/chat');
    const conn = await join(engine, '/chat');
    [...chat.sockets.values()][0].disconnect();
    conn.receive('2/chat,["a"]', '1/chat,');
    await settle();
    assert.equal(conn.readyState, 'open');
    conn.receive('0/chat,');
    await settle();
    assert.equal(chat.sockets.size, 1);
    conn.receive('1/chat,', '2/chat,["a"]');
    await settle();
    assert.equal(conn.readyState, 'closed', 'one the client itself has left is different');
  });

  it('go on when a listener throws, which is an ordinary uncaught exception', async () => {
    const { io, engine } = fakeServer();
    const seen: unknown[] = [];
    const errors = await uncaught(async () => {
      io.on('connect', () => {
        throw new Error('in connect');
      });
      io.on('connection', (socket: Socket) => {
        socket.on('a', (value) => {
          seen.push(value);
          throw new Error('in a');
        });
        socket.on('disconnecting', () => {
          throw new Error('in disconnecting');
        });
        socket.on('disconnect', () => seen.push('disconnect'));
      });
      const conn = engine.open();
      conn.receive('0');
      await settle();
      conn.receive('2["a",1]', '2["a",2]');
      conn.drop();
    });
    assert.deepEqual(seen, [1, 2, 'disconnect']);
    assert.deepEqual(
      errors.map((error) => (error as Error).message),
      ['in connect', 'in a', 'in a', 'in disconnecting'],
    );
    assert.equal(io.sockets.sockets.size, 0);
  });
});

describe('socket middleware', () => {
  it('sees the event array, may change it, and stops events with next(error)', async () => {
    for (const legacy of [false, true]) {
      const { conn, socket } = await pair(legacy);
      const seen: unknown[] = [];
      socket.use((event, next) => {
        event.push('added');
        next();
      });
      socket.use((event, next) => {
        if (event[0] === 'bad') next(Object.assign(new Error('refused'), { data: { why: 1 } }));
        else next();
      });
      socket.on('good', (...args) => seen.push(...args));
      socket.on('bad', () => assert.fail('must not be dispatched'));
      socket.on('error', (error) => seen.push(error.message));
      conn.receive('2["good",1]', '2["bad"]');
      assert.deepEqual(seen, legacy ? [1, 'added'] : [1, 'added', 'refused']);
      assert.deepEqual(conn.taken(), legacy ? ['4{"why":1}'] : []);
    }
  });

  it('does not dispatch after a disconnect that came meanwhile', async () => {
    const { conn, socket } = await pair();
    let proceed: (() => void) | undefined;
    socket.use((_event, next) => {
      proceed = next;
    });
    socket.on('a', () => assert.fail('must not be dispatched'));
    conn.receive('2["a"]');
    socket.disconnect();
    proceed?.();
  });
});

describe('events to a client', () => {
  it('are serialised at the call and chain', async () => {
    const { conn, socket } = await pair();
    const value = { n: 1 };
    const returned = socket.emit('a', value).emit('b', Buffer.from([1]), new Uint16Array([258]));
    value.n = 2;
    socket.send('x').write('y');
    assert.equal(returned, socket);
    assert.deepEqual(
      conn.taken().map((frame) => (typeof frame === 'string' ? frame : [...frame])),
      [
        '2["a",{"n":1}]',
        '52-["b",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
        [1],
        [2, 1],
        '2["message","x"]',
        '2["message","y"]',
      ],
    );
  });

  it('throw serialisation errors to the caller and leave nothing pending', async () => {
    const { io, conn, socket } = await pair();
    const circular: unknown[] = [];
    circular.push(circular);
    assert.throws(() => socket.volatile.emit('a', 1n), TypeError);
    assert.throws(() => socket.emit('a', circular), RangeError);
    assert.throws(() => io.emit('a', 1n), TypeError);
    assert.throws(() => socket.emit('a', new Blob(['x'])), TypeError);
    socket.emit('fine');
    assert.deepEqual(conn.taken(), ['2["fine"]']);
  });

  it('may not have reserved names, while newListener stays an event of the emitter', async () => {
    const { io, socket } = await pair();
    for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
      for (const emit of [() => socket.emit(name), () => io.emit(name), () => socket.broadcast.emit(name)]) {
        assert.throws(emit, { code: 'ERR_RESERVED_EVENT', message: `"${name}" is a reserved event name` });
      }
    }
    const seen: unknown[] = [];
    socket.on('newListener', (name) => seen.push(name));
    io.on('newListener' as never, ((name: string) => seen.push(name)) as never);
    socket.on('a', () => {});
    io.on('connection', () => {});
    assert.deepEqual(seen, ['a', 'connection']);
    socket.emit('error', 'fine');
  });

  it('pass the volatile and compress flags, for one emit each', async () => {
    const { io, link, conn, socket } = await pair();
    link.flags.length = 0;
    socket.volatile.emit('a');
    socket.emit('a');
    socket.compress(false).volatile.emit('a');
    io.compress(false).emit('a');
    io.volatile.emit('a');
    socket.compress(false).to(socket.id).in('r').emit('nobody');
    assert.deepEqual(link.flags, [
      FLAG_COMPRESS | FLAG_VOLATILE,
      FLAG_COMPRESS,
      FLAG_VOLATILE,
      0,
      FLAG_COMPRESS | FLAG_VOLATILE,
    ]);
    conn.taken();
    link.writable = false;
    socket.volatile.emit('dropped');
    io.volatile.emit('dropped');
    socket.emit('kept');
    io.emit('kept');
    assert.deepEqual(conn.taken(), ['2["kept"]', '2["kept"]']);
  });

  it('keep the order of the calls, whatever their kind', async () => {
    const { io, conn, socket } = await pair();
    socket.emit('1');
    io.emit('2');
    socket.join('r');
    io.to('r').emit('3');
    socket.leave('r');
    io.to('r').emit('no');
    io.to(socket.id).emit('4');
    socket.emit('5');
    socket.disconnect();
    io.emit('no');
    socket.emit('no');
    assert.deepEqual(conn.taken(), ['2["1"]', '2["2"]', '2["3"]', '2["4"]', '2["5"]', '1']);
  });

  it('reach a foreign connection through write, broadcasts too', async () => {
    const { io, engine } = await pair();
    const { FakeConn } = await import('../support/fake-engine.ts');
    const conn = new FakeConn(engine.link, { protocol: 3, foreign: true });
    io.onconnection(conn);
    await settle();
    const socket = io.sockets.sockets.get(conn.id) as Socket;
    socket.join('r');
    socket.emit('a', Buffer.from([1]));
    io.to('r').emit('b');
    io.emit('c');
    socket.broadcast.emit('no');
    io.except('r').emit('no');
    conn.transport.writable = false;
    socket.volatile.emit('no');
    assert.deepEqual(conn.taken().map(String), [
      '0',
      '51-["a",{"_placeholder":true,"num":0}]',
      '\x01',
      '2["b"]',
      '2["c"]',
    ]);
    conn.drop();
    assert.equal(io.sockets.adapter.rooms.has('r'), false);
  });
});
