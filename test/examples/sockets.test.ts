/** Examples about rooms and the life of sockets do what they say, with stock clients. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generations } from '../support/clients.ts';
import { waitFor } from '../support/wait-for.ts';
import { Example } from './example.ts';

describe('examples of sockets', () => {
  it('rooms: those in a room hear what is said to it, a socket what is said to its id', async (t) => {
    const example = new Example(t, 'rooms.ts');
    const port = await example.port();
    const [anna, bob] = [example.client(port), example.client(port)];
    await Promise.all([anna, bob].map((client) => waitFor(client, 'connect')));

    const entered = waitFor(anna, 'a new user has joined the room');
    anna.emit('enter', 'room 237');
    await entered;
    assert.equal(await example.said('rooms'), '2 true true');

    const whispered = waitFor(bob, 'my message');
    anna.emit('say to someone', bob.id, 'psst');
    assert.deepEqual(await whispered, ['psst']);

    for (const room of ['room1', 'room2']) {
      const joined = waitFor(anna, 'a new user has joined the room');
      anna.emit('enter', room);
      await joined;
    }
    const heard: unknown[] = [];
    anna.onAny((...event) => heard.push(event));
    bob.onAny((...event) => heard.push(['bob', ...event]));
    const hello = waitFor(anna, 'hello');
    bob.emit('say to others', 'good morning');
    await hello;
    await anna.emitWithAck('exit', 'room 237');
    const alone = waitFor(anna, 'hello');
    bob.emit('say to others', 'still there?');
    await alone;
    assert.deepEqual(heard, [
      ['an event', 'good morning'],
      ['hello', 'good morning'],
      ['hello', 'still there?'],
    ]);
  });

  it('rooms: the namespace sends to one of its rooms', async (t) => {
    const example = new Example(t, 'rooms.ts');
    const admin = example.client(await example.port(), { namespace: '/admin' });
    assert.deepEqual(await waitFor(admin, 'an event'), [{ some: 'data' }]);
  });

  it('clients: ids of a namespace, of a room in it, and of the main namespace', async (t) => {
    const example = new Example(t, 'clients.ts');
    const port = await example.port();
    const anna = example.client(port, { namespace: '/chat' });
    const bob = example.client(port, { namespace: '/chat' });
    const main = example.client(port);
    await Promise.all([anna, bob, main].map((client) => waitFor(client, 'connect')));
    bob.emit('join', 'general');
    const ids = await bob.emitWithAck('count');
    assert.deepEqual(new Set(ids.inChat), new Set([anna.id, bob.id]));
    assert.deepEqual(ids.inGeneral, [bob.id]);
    assert.deepEqual(ids.inMain, [main.id]);
  });

  it('middleware: without a cookie nobody connects; with one the handshake is seen and packets are judged', async (t) => {
    const example = new Example(t, 'middleware.ts');
    const port = await example.port();
    const [error] = await waitFor(example.client(port), 'connect_error');
    assert.equal(error.message, 'Authentication error');

    const client = example.client(port, { extraHeaders: { cookie: 'user=anna' }, query: { colour: 'red' } });
    const { address, ...handshake } = JSON.parse(await example.said('handshake'));
    assert.match(address, /127\.0\.0\.1$/);
    assert.deepEqual(handshake, { secure: false, xdomain: false, url: '/socket.io/', colour: 'red' });
    client.emit('cat');
    assert.equal(await client.emitWithAck('doge'), 'wow');
    assert.equal(await example.said('refused'), 'Not a doge error');
  });

  it('middleware: a client of Socket.IO 2 is told that its packet was refused', async (t) => {
    const example = new Example(t, 'middleware.ts');
    const cookie = { cookie: 'user=anna' };
    const transportOptions = { polling: { extraHeaders: cookie } };
    const client = example.client(await example.port(), { generation: 2, transportOptions });
    const refused = waitFor(client, 'error');
    client.emit('cat');
    assert.deepEqual(await refused, ['Not a doge error']);
  });

  it('lifetime: the server ends the connection after its patience, with the rooms intact until the end', async (t) => {
    const example = new Example(t, 'lifetime.ts', { PATIENCE_MS: '200' });
    const client = example.client(await example.port());
    const ended = waitFor(client, 'disconnect');
    assert.deepEqual(await waitFor(client, 'uncompressed'), ["that's rough"]);
    await ended;
    assert.equal(await example.said('disconnecting:'), 'server namespace disconnect rooms: 2');
    assert.equal(await example.said('disconnected:'), 'server namespace disconnect rooms: 0');
  });

  it('lifetime: a client that leaves says so', async (t) => {
    const example = new Example(t, 'lifetime.ts');
    const client = example.client(await example.port());
    await waitFor(client, 'connect');
    client.close();
    assert.equal(await example.said('disconnected:'), 'client namespace disconnect rooms: 0');
  });

  it('adapter: its own rooms are told in the diary, and broadcasts go through it', async (t) => {
    const example = new Example(t, 'adapter.ts');
    const client = example.client(await example.port());
    assert.deepEqual(await waitFor(client, 'page'), ['one']);
    const { id } = client;
    assert.equal(await example.said('/ has a room'), id);
    client.close();
    assert.equal(await example.said('/ lost a room'), id);
  });

  it('generate-id: sessions have ids of the application', async (t) => {
    const example = new Example(t, 'generate-id.ts');
    const port = await example.port();
    const ids: string[] = [];
    for (const generation of generations) {
      const client = example.client(port, { generation });
      await waitFor(client, 'connect');
      ids.push((client.io.engine as unknown as { id: string }).id.split(':').slice(0, 3).join(':'));
    }
    assert.deepEqual(ids, ['custom:id:0', 'custom:id:1', 'custom:id:2']);
  });
});
