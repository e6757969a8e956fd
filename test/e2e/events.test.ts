/**
 * Events and acks in both directions, text and binary. Stock clients against a real server.
 */
import assert from 'node:assert/strict';
import { withBuffers } from '../support/bytes.ts';
import { forEveryClient, forEveryThreadCount } from '../support/matrix.ts';
import { connectPair, type Pair, record } from '../support/pairs.ts';
import { waitFor } from '../support/wait-for.ts';

/** What arrives is what JSON carries; the third column where it differs from what was sent. */
const jsonKinds: readonly (readonly [string, unknown, unknown?])[] = [
  ['integer', 42],
  ['negative', -7],
  ['fraction', 0.1],
  ['big number', 2 ** 53],
  ['true', true],
  ['false', false],
  ['null', null],
  ['empty string', ''],
  ['text', 'hello'],
  ['text of every plane', 'é€漢字😀\u2028\u0000"\\/'],
  ['empty array', []],
  ['nested array', [1, [2, [3, [null]]]]],
  ['empty object', {}],
  ['nested object', { a: { b: { c: [{ d: 'e' }] } }, '': 1, ключ: 2 }],
  ['date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['infinity', Number.POSITIVE_INFINITY, null],
  ['object with toJSON', { toJSON: () => ({ as: 'json' }) }, { as: 'json' }],
  ['text that looks like a packet', '51-["x",{"_placeholder":true,"num":0}]'],
];

const binaryKinds = (): readonly (readonly [string, unknown])[] => [
  ['buffer', Buffer.from([1, 2, 3])],
  ['empty buffer', Buffer.alloc(0)],
  ['array buffer', Uint8Array.from([9, 8, 7]).buffer],
  ['every byte', Buffer.from(Array.from({ length: 256 }, (_, i) => i))],
  ['deep in objects', { a: { b: [{ c: Buffer.from('deep') }] }, d: 'text' }],
  ['deep in arrays', [[[Buffer.from('x')]], 1, null]],
  ['several attachments', [Buffer.from('a'), { b: Buffer.from('b') }, Buffer.alloc(0), [Buffer.from('c')], 'end']],
  ['70 kB', { file: Buffer.alloc(70_000, 0xab) }],
];

/** Sends both ways under one event name and returns what each side got. */
async function exchange({ client, socket }: Pair, args: readonly unknown[]): Promise<unknown[][]> {
  const atClient = waitFor(client, 'data');
  socket.emit('data', ...args);
  const atServer = waitFor(socket, 'data');
  client.emit('data', ...args);
  return Promise.all([atClient, atServer]);
}

forEveryThreadCount('events', {}, (server) => {
  forEveryClient('arguments of every JSON kind pass both ways', async (t, generation) => {
    const pair = await connectPair(t, server(), generation);
    for (const [name, sent, arrives = sent] of jsonKinds) {
      for (const got of await exchange(pair, [sent])) assert.deepEqual(got, [arrives], name);
    }
    const all = jsonKinds.map(([, sent]) => sent);
    const arrived = jsonKinds.map(([, sent, arrives = sent]) => arrives);
    for (const got of await exchange(pair, all)) assert.deepEqual(got, arrived);
    for (const got of await exchange(pair, [])) assert.deepEqual(got, []);
  });

  forEveryClient('binary passes both ways at any depth', async (t, generation) => {
    const pair = await connectPair(t, server(), generation);
    for (const [name, sent] of binaryKinds()) {
      for (const got of await exchange(pair, ['before', sent, 'after'])) {
        assert.deepEqual(withBuffers(got), ['before', withBuffers(sent), 'after'], name);
      }
    }
  });

  forEveryClient('binary works in a namespace and in a broadcast', async (t, generation) => {
    const pair = await connectPair(t, server(), generation, '/binary');
    const sent = { picture: Buffer.from([0, 255, 4, 52]), caption: 'x' };
    for (const got of await exchange(pair, [sent])) assert.deepEqual(withBuffers(got), [sent]);
    const heard = waitFor(pair.client, 'all');
    server().io.of('/binary').emit('all', sent, Buffer.alloc(0));
    assert.deepEqual(withBuffers(await heard), [sent, Buffer.alloc(0)]);
  });

  forEveryClient('the sender keeps its buffers, and later changes to them do not travel', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const mutable = { list: [1, 2] };
    const bytes = Buffer.from('kept');
    const got = waitFor(client, 'snapshot');
    socket.emit('snapshot', mutable, bytes);
    mutable.list.push(3);
    assert.equal(bytes.toString(), 'kept');
    assert.deepEqual(withBuffers(await got), [{ list: [1, 2] }, Buffer.from('kept')]);
  });

  forEveryClient('the server answers an ack of the client once only', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const answers: unknown[] = [];
    socket.on('ask', (a: number, b: Buffer, reply: (...args: unknown[]) => void) => {
      reply(a + 1, { twice: Buffer.concat([b, b]) }, null);
      reply('a second answer must not travel');
      socket.emit('after-answers');
    });
    const after = waitFor(client, 'after-answers');
    client.emit('ask', 1, Buffer.from('ab'), (...args: unknown[]) => answers.push(withBuffers(args)));
    await after;
    assert.deepEqual(answers, [[2, { twice: Buffer.from('abab') }, null]]);
  });

  forEveryClient('the client answers an ack of the server once only', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const answers: unknown[] = [];
    client.on('ask', (a: number, b: unknown, reply: (...args: unknown[]) => void) => {
      reply(a + 1, [withBuffers(b)]);
      reply('a second answer must not travel');
      client.emit('after-answers');
    });
    const after = waitFor(socket, 'after-answers');
    socket.emit('ask', 1, Buffer.from('ab'), (...args: unknown[]) => answers.push(withBuffers(args)));
    await after;
    assert.deepEqual(answers, [[2, [Buffer.from('ab')]]]);
  });

  forEveryClient('an ack may be answered later and out of turn', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const replies: (() => void)[] = [];
    socket.on('job', (n: number, reply: (n: number) => void) => {
      replies.push(() => reply(n));
      if (replies.length === 3) for (const answer of replies.reverse()) setImmediate(answer);
    });
    const answers: number[] = [];
    await Promise.all(
      [1, 2, 3].map(
        (n) => new Promise<void>((resolve) => client.emit('job', n, (got: number) => resolve(void answers.push(got)))),
      ),
    );
    assert.deepEqual(answers, [3, 2, 1]);
  });

  forEveryClient('emitWithAck resolves with the answer of the client', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    client.on('double', (n: number, reply: (n: number) => void) => reply(n * 2));
    assert.equal(await socket.emitWithAck('double', 21), 42);
  });

  forEveryClient('send travels as the message event', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const atClient = waitFor(client, 'message');
    socket.send('hi', { n: 1 });
    assert.deepEqual(await atClient, ['hi', { n: 1 }]);
    const atServer = waitFor(socket, 'message');
    client.send('hello', 2);
    assert.deepEqual(await atServer, ['hello', 2]);
  });

  forEveryClient('a burst in each direction arrives whole and in order', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const many = 2000;
    const [down, up] = [record(client, 'n'), [] as number[]];
    socket.on('n', (n: number) => up.push(n));
    const ends = Promise.all([waitFor(client, 'end'), waitFor(socket, 'end')]);
    for (let n = 0; n < many; n++) {
      socket.emit('n', n, ...(n % 100 === 0 ? [Buffer.from([n & 255])] : []));
      client.emit('n', n, ...(n % 100 === 0 ? [Buffer.from([n & 255])] : []));
    }
    socket.emit('end');
    client.emit('end');
    await ends;
    const expected = Array.from({ length: many }, (_, n) => n);
    assert.deepEqual(
      down.map(([, n]) => n),
      expected,
    );
    assert.deepEqual(up, expected);
  });

  forEveryClient('what JSON cannot carry throws at the call and sends nothing', async (t, generation) => {
    const { client, socket } = await connectPair(t, server(), generation);
    const log = record(client, 'bad', 'good');
    assert.throws(() => socket.emit('bad', 1n), TypeError);
    assert.throws(() => server().io.emit('bad', 1n), TypeError);
    const good = waitFor(client, 'good');
    socket.emit('good');
    await good;
    assert.deepEqual(log, [['good']]);
  });
});
