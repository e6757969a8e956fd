/**
 * Endings and their reasons on both sides, and coming back. Stock clients against a real server.
 */
import assert from 'node:assert/strict';
import { cutConnection, openNamespace } from '../support/clients.ts';
import { forEveryClient, forEveryThreadCount } from '../support/matrix.ts';
import { connectNamespace, connectPair, engineId, freshNamespace } from '../support/pairs.ts';
import { waitFor } from '../support/wait-for.ts';

/** What a client says about an ending by the server's DISCONNECT packet or by a closed connection. */
const byServer = 'io server disconnect';
const connectionClosed = 'transport close';

forEveryThreadCount('disconnect', {}, (server) => {
  forEveryClient('a client that disconnects ends its namespace only', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const other = await connectNamespace(server(), main, '/other');
    const steps: string[] = [];
    other.socket.join('r');
    other.socket.on('disconnecting', (reason) => {
      steps.push(`disconnecting: ${reason}, rooms ${other.socket.rooms.size}, connected ${other.socket.connected}`);
    });
    other.socket.on('disconnect', (reason) => {
      steps.push(`disconnect: ${reason}, rooms ${other.socket.rooms.size}, connected ${other.socket.connected}`);
    });
    const gone = waitFor(other.socket, 'disconnect');
    const atClient = waitFor(other.client, 'disconnect');
    other.client.disconnect();
    assert.equal((await atClient)[0], 'io client disconnect');
    await gone;
    assert.deepEqual(steps, [
      'disconnecting: client namespace disconnect, rooms 2, connected true',
      'disconnect: client namespace disconnect, rooms 0, connected false',
    ]);
    assert.equal(main.socket.connected, true);
    const hello = waitFor(main.client, 'hello');
    main.socket.emit('hello');
    await hello;
  });

  forEveryClient('socket.disconnect ends one namespace, at once for the application', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const other = await connectNamespace(server(), main, '/other');
    const reasons: string[] = [];
    other.socket.on('disconnect', (reason) => reasons.push(reason));
    const atClient = waitFor(other.client, 'disconnect');
    assert.equal(other.socket.disconnect(), other.socket);
    assert.deepEqual(reasons, ['server namespace disconnect']);
    assert.equal(other.socket.connected, false);
    assert.equal(server().io.of('/other').sockets.has(other.socket.id), false);
    other.socket.disconnect();
    assert.equal(reasons.length, 1);
    assert.equal((await atClient)[0], byServer);
    assert.equal(main.client.connected, true);
    const hello = waitFor(main.client, 'hello');
    main.socket.emit('hello');
    await hello;
  });

  forEveryClient('a namespace can be joined again after the server ended it', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const other = await connectNamespace(server(), main, '/other');
    const gone = waitFor(other.client, 'disconnect');
    other.socket.disconnect();
    await gone;
    const arrival = waitFor(server().io.of('/other'), 'connection', (socket) => socket.conn === main.socket.conn);
    const again = waitFor(other.client, 'connect');
    other.client.connect();
    const [[socket]] = await Promise.all([arrival, again]);
    assert.equal(other.client.id, socket.id);
    const hello = waitFor(other.client, 'hello');
    server().io.of('/other').to(socket.id).emit('hello');
    await hello;
  });

  forEveryClient('disconnect(true) ends every namespace and the connection', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const other = await connectNamespace(server(), main, '/other');
    const reasons: string[] = [];
    main.socket.on('disconnect', (reason) => reasons.push(`main: ${reason}`));
    other.socket.on('disconnect', (reason) => reasons.push(`other: ${reason}`));
    const atClients = [waitFor(main.client, 'disconnect'), waitFor(other.client, 'disconnect')];
    const closed = waitFor(main.socket.conn, 'close');
    other.socket.disconnect(true);
    assert.deepEqual(reasons, ['main: server namespace disconnect', 'other: server namespace disconnect']);
    for (const [reason] of await Promise.all(atClients)) assert.equal(reason, byServer);
    await closed;
    assert.equal(reasons.length, 2);
  });

  forEveryClient('a cut connection ends every namespace with transport close', async (t, generation) => {
    const main = await connectPair(t, server(), generation);
    const other = await connectNamespace(server(), main, '/other');
    const ends = [waitFor(main.socket, 'disconnect'), waitFor(other.socket, 'disconnect')];
    cutConnection(main.client);
    for (const [reason] of await Promise.all(ends)) assert.equal(reason, 'transport close');
    assert.equal(server().io.of('/').sockets.has(main.socket.id), false);
    main.socket.emit('nobody is listening');
    server().io.to(main.socket.id).emit('nobody is listening');
  });

  forEveryClient('conn.close ends with forced close', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const ends = [waitFor(socket, 'disconnect'), waitFor(client, 'disconnect')];
    socket.conn.close();
    const [[atServer], [atClient]] = await Promise.all(ends);
    assert.equal(atServer, 'forced close');
    assert.equal(atClient, connectionClosed);
  });

  forEveryClient(
    'a client comes back by itself with a new id when its connection was closed',
    async (t, generation) => {
      const options = { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 20, randomizationFactor: 0 };
      const first = await connectPair(t, server(), generation, '/', options);
      const other = await connectNamespace(server(), first, '/other');
      const { id } = first.socket;
      const sid = engineId(first.socket);
      const key = first.socket.handshake.query.key;
      const isBack = (socket: typeof first.socket) => socket.handshake.query.key === key;
      const arrivals = [
        waitFor(server().io.of('/'), 'connection', isBack),
        waitFor(server().io.of('/other'), 'connection', isBack),
        waitFor(first.client, 'connect'),
        waitFor(other.client, 'connect'),
      ];
      first.socket.conn.close();
      const [[socket], [otherSocket]] = await Promise.all(arrivals);
      assert.notEqual(socket.id, id);
      assert.notEqual(engineId(socket), sid);
      assert.equal(first.client.id, socket.id);
      assert.equal(other.client.id, otherSocket.id);
      const hellos = [waitFor(first.client, 'hello'), waitFor(other.client, 'hello')];
      socket.emit('hello');
      otherSocket.emit('hello');
      await Promise.all(hellos);
    },
  );

  forEveryClient('a client that leaves during middleware never becomes a connection', async (t, generation) => {
    const name = freshNamespace();
    const namespace = server().io.of(name);
    let connections = 0;
    namespace.on('connection', () => connections++);
    const main = await connectPair(t, server(), generation);
    const entered = new Promise<() => void>((resolve) => {
      namespace.use((socket, next) => {
        socket.join('early');
        resolve(next);
      });
    });
    openNamespace(main.client, name);
    const next = await entered;
    const gone = waitFor(main.socket, 'disconnect');
    cutConnection(main.client);
    await gone;
    next();
    // The server decides about the candidate within two turns; a whole connect takes longer.
    const later = await connectPair(t, server(), generation);
    assert.equal(later.socket.connected, true);
    assert.equal(connections, 0);
    assert.equal(namespace.sockets.size, 0);
    assert.equal(namespace.adapter.rooms.has('early'), false);
  });

  forEveryClient('a handler that disconnects sees no later event of the same burst', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const seen: number[] = [];
    socket.on('n', (n: number) => {
      seen.push(n);
      if (n === 2) socket.disconnect();
    });
    const gone = waitFor(client, 'disconnect');
    for (let n = 0; n < 10; n++) client.emit('n', n);
    await gone;
    await connectPair(t, server(), generation);
    assert.deepEqual(seen, [0, 1, 2]);
  });
});
