/** Examples about events do what they say, with stock clients. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withBuffers } from '../support/bytes.ts';
import { waitFor, waitForAll } from '../support/wait-for.ts';
import { Example } from './example.ts';

describe('examples of events', () => {
  it('events: everyone hears of each connection and each end, and the server of a private message', async (t) => {
    const example = new Example(t, 'events.ts');
    const port = await example.port();
    const anna = example.client(port, { generation: 2 });
    assert.deepEqual(await waitFor(anna, 'this'), [{ will: 'be received by everyone' }]);
    const again = waitFor(anna, 'this');
    const bob = example.client(port);
    await again;
    bob.emit('private message', 'bob', 'good morning');
    assert.equal(await example.said('private message from'), 'bob saying good morning');
    const gone = waitFor(anna, 'user disconnected');
    bob.close();
    assert.deepEqual(await gone, []);
  });

  it('namespaces: chat and news over one connection, each with its own events', async (t) => {
    const example = new Example(t, 'namespaces.ts');
    const chat = example.client(await example.port(), { namespace: '/chat' });
    const messages = waitForAll(chat, 'a message', { count: 2 });
    const news = chat.io.socket('/news');
    const item = waitFor(news, 'item');
    assert.deepEqual(await messages, [
      [{ that: 'only', '/chat': 'will get' }],
      [{ everyone: 'in', '/chat': 'will get' }],
    ]);
    assert.deepEqual(await item, [{ news: 'item' }]);
    chat.emit('hi!');
    news.emit('woot');
    assert.equal(await example.said('hi from'), '/chat');
    assert.equal(await example.said('woot from'), '/news');
  });

  it('volatile: tweets come one after the other and stop when the client leaves', async (t) => {
    const example = new Example(t, 'volatile.ts');
    const client = example.client(await example.port(), { transports: ['websocket'] });
    const event = waitFor(client, 'an event');
    const tweets = await waitForAll(client, 'tweet', { count: 3 });
    const [first] = tweets[0];
    const number = Number(first.replace('tweet ', ''));
    assert.deepEqual(tweets, [[first], [`tweet ${number + 1}`], [`tweet ${number + 2}`]]);
    assert.deepEqual(await event, [{ some: 'data' }]);
    client.close();
    await example.said('tweets');
  });

  it('acknowledgements: the client is answered, and answers', async (t) => {
    const example = new Example(t, 'acknowledgements.ts');
    const client = example.client(await example.port());
    client.on('ferret', (name, answer) => answer(`${name} here`));
    assert.equal(await client.emitWithAck('ferret', 'tobi'), 'tobi says woot');
    assert.equal(await client.emitWithAck('news', {}), 0);
    assert.equal(await example.said('the client answered'), 'tobi here');
  });

  it('broadcast: the others hear of a new client, everyone what is told to all', async (t) => {
    const example = new Example(t, 'broadcast.ts');
    const port = await example.port();
    const first = example.client(port);
    await waitFor(first, 'connect');
    const arrival = waitFor(first, 'user connected');
    const second = example.client(port);
    const seen: string[] = [];
    second.onAny((event) => seen.push(event));
    await arrival;
    const told = [first, second].map((client) => waitForAll(client, 'told', { count: 3 }));
    second.emit('tell everyone', 'tea is ready');
    const three = Array.from({ length: 3 }, () => ['tea is ready']);
    assert.deepEqual(await Promise.all(told), [three, three]);
    assert.deepEqual(seen, ['told', 'told', 'told']);
  });

  it('send: messages without a name go to the others, and ask the sender', async (t) => {
    const example = new Example(t, 'send.ts');
    const port = await example.port();
    const listener = example.client(port, { generation: 3 });
    assert.deepEqual(await waitFor(listener, 'message'), ['welcome']);
    const speaker = example.client(port);
    speaker.on('message', (text, answer) => answer?.(`${text} yes`));
    const heard = waitFor(listener, 'message');
    speaker.send('hi');
    assert.deepEqual(await heard, ['hi']);
    assert.equal(await example.said('the client answered'), 'understood? yes');
  });

  it('binary: bytes at any depth, both ways', async (t) => {
    const example = new Example(t, 'binary.ts');
    const port = await example.port();
    for (const generation of [2, 4] as const) {
      const client = example.client(port, { generation });
      const hello = waitFor(client, 'hello');
      const [one, two, object] = await waitFor(client, 'with-binary');
      assert.deepEqual(await hello, ['world']);
      assert.deepEqual([one, two, withBuffers(object)], [1, '2', { 3: '4', 5: Buffer.from([6]) }]);
      const answer = new Promise((resolve) => {
        client.emit('upload', { name: `file-${generation}`, content: Buffer.from([1, 2, 3]) }, resolve);
      });
      assert.equal(await example.said(`uploaded file-${generation}`), '3');
      assert.deepEqual(withBuffers(await answer), Buffer.from([3, 2, 1]));
    }
  });
});
