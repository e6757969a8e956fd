/** The load generator against servers that do as they are told: what it says to them, checks, and reports. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { type WebSocket, WebSocketServer } from 'ws';
import { monotonicMicros } from './clock.ts';
import { startGenerator } from './generator-process.ts';
import type { Dialect, Workload } from './messages.ts';
import { EventWriter, wireFrames } from './payload.ts';
import { CLEAN_EXIT } from './peer-process.ts';

const WAIT_MILLIS = 20_000;
const OPEN = '0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000}';
const WORKLOAD: Workload = { clients: 3, audience: 'all', form: 'text', payloadBytes: 100 };

/** Greets clients as the dialect has it, notes what they send, and answers by `onText`. */
async function serverOf(dialect: Dialect, onText: (text: string, socket: WebSocket) => void = () => {}) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  const urls: string[] = [];
  const heard: string[] = [];
  server.on('connection', (socket, request) => {
    urls.push(String(request.url));
    if (dialect !== 'plain') socket.send(OPEN);
    if (dialect === 'socketio-2') socket.send('40');
    socket.on('message', (data) => {
      const text = String(data);
      heard.push(text);
      if (text === '40') socket.send('40{"sid":"y"}');
      else onText(text, socket);
    });
  });
  await once(server, 'listening');
  return { server, urls, heard, port: (server.address() as AddressInfo).port };
}

/** Runs `use` with a generator that is connected to a server of `dialect`. */
async function connected(
  dialect: Dialect,
  use: (generator: ReturnType<typeof startGenerator>, peer: Awaited<ReturnType<typeof serverOf>>) => Promise<void>,
  onText?: (text: string, socket: WebSocket) => void,
): Promise<void> {
  const peer = await serverOf(dialect, onText);
  const generator = startGenerator();
  try {
    await generator.next('ready', WAIT_MILLIS);
    generator.send({ kind: 'connect', port: peer.port, dialect, workload: WORKLOAD, timing: 'sample' });
    await generator.next('connected', WAIT_MILLIS);
    await use(generator, peer);
  } finally {
    assert.equal(await generator.stop({ kind: 'stop' }), CLEAN_EXIT);
    for (const client of peer.server.clients) client.terminate();
    peer.server.close();
  }
}

for (const dialect of ['socketio', 'socketio-2', 'plain'] as const) {
  test(`${dialect}: every client connects under its number, and what is emitted is counted`, async () => {
    await connected(dialect, async (generator, { server, urls, heard }) => {
      const revision = dialect === 'socketio-2' ? 3 : 4;
      assert.deepEqual(
        urls.sort(),
        [0, 1, 2].map((client) => `/socket.io/?EIO=${revision}&transport=websocket&client=${client}`),
      );
      assert.deepEqual(heard, dialect === 'socketio' ? ['40', '40', '40'] : []);
      generator.send({ kind: 'begin' });
      await generator.next('begun', WAIT_MILLIS);
      const writer = new EventWriter(WORKLOAD.form, WORKLOAD.payloadBytes);
      for (let sequence = 1; sequence <= 20; sequence++) {
        const [text] = wireFrames(writer.event(sequence, monotonicMicros(), 0, sequence));
        for (const client of server.clients) client.send(text);
      }
      generator.send({ kind: 'finish', counts: [20] });
      const tally = await generator.next('tally', WAIT_MILLIS);
      const { lost, doubled, reordered, malformed, deliveries, latencySamples } = tally;
      assert.deepEqual([lost, doubled, reordered, malformed], [0, 0, 0, 0]);
      assert.equal(deliveries, 60);
      assert.equal(latencySamples, 3 * 2);
      assert.ok(tally.latencyP50Micros >= 0 && tally.latencyP50Micros < 1e6 * WAIT_MILLIS);
      assert.ok(tally.generatorBusyShare > 0 && tally.generatorBusyShare <= 1);
    });
  });
}

test('heartbeats are answered: Engine.IO 4 by packet, WebSocket by frame', async () => {
  let answered = (): void => {};
  const answer = new Promise<void>((resolve) => {
    answered = resolve;
  });
  await connected(
    'socketio',
    async (_generator, { server }) => {
      const [client] = server.clients;
      client.send('2');
      await answer;
      client.ping('hello');
      const [data] = await once(client, 'pong');
      assert.equal(String(data), 'hello');
    },
    (text) => {
      if (text === '3') answered();
    },
  );
});

test('each client asks again when it has its answer; a wrong one is damage', async () => {
  let wrong = 2;
  const open = new Map<WebSocket, number>();
  let mostAtOnce = 0;
  await connected(
    'socketio',
    async (generator) => {
      generator.send({ kind: 'ask', millis: 100 });
      const { answers, lost, malformed, latencySamples } = await generator.next('answers', WAIT_MILLIS);
      assert.ok(answers > 3, `${answers} answers`);
      assert.deepEqual([lost, malformed, latencySamples], [0, 2, answers]);
      assert.equal(mostAtOnce, 1);
    },
    (text, socket) => {
      const [, number] = /^42(\d+)\["q",\d+\]$/.exec(text) ?? [];
      mostAtOnce = Math.max(mostAtOnce, (open.get(socket) ?? 0) + 1);
      open.set(socket, 1);
      setImmediate(() => {
        open.set(socket, 0);
        socket.send(`43${number}[${wrong-- > 0 ? 'null' : number}]`);
      });
    },
  );
});

test('clients leave, and others come after them', async () => {
  await connected('socketio', async (generator, { server, port }) => {
    generator.send({ kind: 'leave' });
    await generator.next('left', WAIT_MILLIS);
    while (server.clients.size > 0) await once([...server.clients][0], 'close');
    generator.send({ kind: 'connect', port, dialect: 'socketio', workload: WORKLOAD, timing: 'sample' });
    await generator.next('connected', WAIT_MILLIS);
    assert.equal(server.clients.size, 3);
  });
});

test('a client that the server turns away is a failure', async () => {
  await connected('socketio', async (generator, { server }) => {
    [...server.clients][1].close(1001);
    await assert.rejects(generator.failure, /client while joined: close frame 1001/);
  });
});

test('a packet nobody expects is a failure that quotes it', async () => {
  await connected('socketio', async (generator, { server }) => {
    [...server.clients][0].send('41"quoted"');
    await assert.rejects(generator.failure, /client while joined: unexpected packet 41"quoted"/);
  });
});

const REFUSALS: [name: string, answer: (socket: Socket) => void, reason: RegExp][] = [
  [
    'an answer to another key',
    (socket) => socket.write(switching('AAAAAAAAAAAAAAAAAAAAAAAAAAA=')),
    /upgrading: answered HTTP/,
  ],
  ['an error', (socket) => socket.write('HTTP/1.1 503 Busy\r\n\r\n'), /upgrading: answered HTTP\/1.1 503 Busy/],
  ['nothing but the end', (socket) => socket.end(), /upgrading: connection closed by the server/],
  ['a head without end', (socket) => socket.write('x'.repeat(5_000)), /upgrading: endless response head/],
];

for (const [name, answer, reason] of REFUSALS) {
  test(`${name} instead of an upgrade is a failure`, async () => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', () => answer(socket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const generator = startGenerator();
    const workload = { ...WORKLOAD, clients: 1 };
    generator.send({ kind: 'connect', port, dialect: 'socketio', workload, timing: 'sample' });
    await assert.rejects(generator.failure, reason);
    await generator.stop({ kind: 'stop' });
    server.close();
  });
}

function switching(accept: string): string {
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

test('a generator told to do something before it has clients ends with the reason', async () => {
  const generator = startGenerator();
  generator.send({ kind: 'begin' });
  await assert.rejects(generator.failure, /exit code 1: Error: begin before connect/);
});
