/**
 * Connecting: ids, handshake, namespaces, middleware. Stock clients against a real server.
 */
import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { closeConnection, type Generation, openClient, openNamespace, refusalEvent } from '../support/clients.ts';
import { forEveryClient, forEveryThreadCount } from '../support/matrix.ts';
import { connectNamespace, connectPair, engineId, freshNamespace } from '../support/pairs.ts';
import { reference } from '../support/server.ts';
import { waitFor, waitForAll } from '../support/wait-for.ts';

class Refusal extends Error {
  readonly data?: object;
  constructor(message: string, data?: object) {
    super(message);
    this.data = data;
  }
}

/** Checks a refusal as the generation sees it: 2.x gets `data` or the message itself, later ones an Error. */
function assertRefusal(generation: Generation, got: any, message: string, data?: object): void {
  if (generation === 2) {
    assert.deepEqual(got, data ?? message);
    return;
  }
  assert.ok(got instanceof Error);
  assert.equal(got.message, message);
  assert.deepEqual((got as Refusal).data, data);
}

forEveryThreadCount('connect', {}, (server) => {
  forEveryClient('both sides agree on the id of the main namespace', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    assert.equal(client.id, socket.id);
    assert.equal(client.connected, true);
    assert.equal(socket.connected, true);
    assert.equal(server().io.of('/').sockets.get(socket.id), socket);
    assert.deepEqual([...socket.rooms], [socket.id]);
    if (generation === 2) assert.equal(socket.id, engineId(socket));
    else assert.notEqual(socket.id, engineId(socket));
  });

  forEveryClient('ids of other namespaces have the form of the generation', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation, '/chat');
    assert.equal(client.id, socket.id);
    assert.equal(socket.nsp.name, '/chat');
    if (generation === 2) assert.equal(socket.id, `/chat#${engineId(socket)}`);
    else assert.notEqual(socket.id, engineId(socket));
  });

  forEveryClient('namespaces share one connection and keep their events apart', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const chat = await connectNamespace(server(), main, '/chat');
    const deep = await connectNamespace(server(), main, '/a/b');
    assert.equal(new Set([main.socket.id, chat.socket.id, deep.socket.id]).size, 3);
    assert.equal(chat.socket.client, main.socket.client);
    const names = new Map([main, chat, deep].map((pair) => [pair, pair.socket.nsp.name]));
    for (const [pair, name] of names) {
      pair.socket.on('where', (reply: (name: string) => void) => reply(name));
      assert.equal(await new Promise((resolve) => pair.client.emit('where', resolve)), name);
      const greeting = waitFor(pair.client, 'greeting');
      pair.socket.emit('greeting', name);
      assert.deepEqual(await greeting, [name]);
    }
  });

  forEveryClient('an unknown namespace is refused and the connection stays', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const stray = openNamespace(main.client, '/nobody-made-this');
    const [error] = await waitFor(stray, refusalEvent(generation));
    // The reference sends the object form to 2.x clients too; the documents ask for the string.
    if (reference && generation === 2) assert.deepEqual(error, { message: 'Invalid namespace' });
    else assertRefusal(generation, error, 'Invalid namespace');
    main.socket.on('still-there', (reply: () => void) => reply());
    await new Promise<void>((resolve) => main.client.emit('still-there', resolve));
  });

  forEveryClient('middleware runs in order and accepts', async (t, generation) => {
    const name = freshNamespace();
    const steps: string[] = [];
    const namespace = server().io.of(name);
    namespace.use((socket, next) => {
      steps.push(`first, connected: ${socket.connected}`);
      setImmediate(next);
    });
    namespace.use((socket, next) => {
      steps.push('second');
      socket.join('from-middleware');
      next();
    });
    namespace.on('connection', () => steps.push('connection'));
    const { socket } = await connectPair(t, server(), generation, name);
    assert.deepEqual(steps, ['first, connected: false', 'second', 'connection']);
    assert.ok(socket.rooms.has('from-middleware'));
  });

  forEveryClient('middleware refuses with a message, and with data', async (t, generation) => {
    const name = freshNamespace();
    let connections = 0;
    server()
      .io.of(name)
      .use((socket, next) => {
        const { why } = socket.handshake.query;
        if (why === 'message') next(new Refusal('not today'));
        else if (why === 'data') next(new Refusal('not today', { retryAfter: 5 }));
        else next();
      })
      .on('connection', () => connections++);
    for (const why of ['message', 'data']) {
      const client = openClient(generation, server().port, name, { query: { why } });
      t.after(() => closeConnection(client));
      const [error] = await waitFor(client, refusalEvent(generation));
      assertRefusal(generation, error, 'not today', why === 'data' ? { retryAfter: 5 } : undefined);
      assert.equal(client.connected, false);
    }
    await connectPair(t, server(), generation, name);
    assert.equal(connections, 1);
    assert.equal(server().io.of(name).sockets.size, 1);
  });

  forEveryClient('the handshake carries query, headers, address and auth', async (t, generation) => {
    const before = Date.now();
    const { socket } = await connectPair(t, server(), generation, '/', {
      query: { token: 'a b&c=€' },
      extraHeaders: { 'X-Test': 'yes' },
      auth: { user: 'ann', age: 7 },
    });
    const { handshake } = socket;
    assert.equal(handshake.query.token, 'a b&c=€');
    assert.equal(handshake.query.EIO, generation === 2 ? '3' : '4');
    assert.equal(handshake.query.transport, 'websocket');
    assert.equal(handshake.headers['x-test'], 'yes');
    assert.match(handshake.headers.host ?? '', /^127\.0\.0\.1:\d+$/);
    assert.match(handshake.address, /127\.0\.0\.1$/);
    assert.match(handshake.url, /^\/socket\.io\/\?.*EIO=/);
    assert.equal(handshake.secure, false);
    assert.equal(handshake.xdomain, false);
    assert.ok(handshake.issued >= before && handshake.issued <= Date.now());
    assert.equal(typeof handshake.time, 'string');
    // Generation 2 has no auth payload on the wire.
    if (generation > 2) assert.deepEqual(handshake.auth, { user: 'ann', age: 7 });
  });

  it('the namespace query of a 2.x client lands in query and auth', async (t) => {
    const main = await connectPair(t as TestContext, server(), 2);
    const name = freshNamespace();
    const arrival = waitFor(server().io.of(name), 'connection');
    openNamespace(main.client, name, { query: { a: '1 & 2', key: 'own' } });
    const [{ handshake }] = await arrival;
    assert.equal(handshake.auth.a, '1 & 2');
    // The reference leaves the query of the request alone.
    if (!reference) assert.deepEqual([handshake.query.a, handshake.query.key], ['1 & 2', 'own']);
  });

  forEveryClient(
    'many clients that join a room in the connection handler all hear its broadcast',
    async (t, generation) => {
      const name = freshNamespace();
      const many = 60;
      const namespace = server().io.of(name);
      namespace.on('connection', (socket) => socket.join('crowd'));
      const arrivals = waitForAll(namespace, 'connection', { count: many });
      const clients = Array.from({ length: many }, () => openClient(generation, server().port, name));
      t.after(() => clients.forEach(closeConnection));
      const heard = clients.map(() => [] as number[]);
      const finished = clients.map((client, i) => {
        client.on('to-crowd', (n: number) => heard[i].push(n));
        return waitFor(client, 'end');
      });
      await arrivals;
      assert.equal(namespace.sockets.size, many);
      namespace.to('crowd').emit('to-crowd', 1);
      namespace.to('crowd').emit('to-crowd', 2);
      namespace.emit('end');
      await Promise.all(finished);
      assert.deepEqual(
        heard,
        clients.map(() => [1, 2]),
      );
    },
  );
});
