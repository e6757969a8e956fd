/** Every way to carry a session, with stock clients: polling, polling then upgrade, WebSocket; compressed or not; TLS. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { decodePayload } from '../compat/payload.ts';
import { withBuffers } from '../support/bytes.ts';
import { makeCertificate } from '../support/certificate.ts';
import { type ClientOptions, type ClientSocket, closeConnection, generations, openUrl } from '../support/clients.ts';
import { send } from '../support/http.ts';
import { content } from '../support/messages.ts';
import { createServer, type ServerSettings, type TestServer } from '../support/server.ts';
import { type EventSource, waitFor } from '../support/wait-for.ts';

const WAYS: Readonly<Record<string, string[]>> = {
  polling: ['polling'],
  'polling, then an upgrade': ['polling', 'websocket'],
  websocket: ['websocket'],
};
const NAMESPACES = ['/', '/chat'];
const MESSAGES = 40;
const COMPRESSED: ServerSettings = { httpCompression: { threshold: 64 }, perMessageDeflate: { threshold: 64 } };
const PLAIN: ServerSettings = { httpCompression: false, perMessageDeflate: false };

interface Engine extends EventSource {
  /** `ws` of a WebSocket. */
  readonly transport: { readonly name: string; readonly ws?: { readonly extensions: string } };
}

/** What the server says in the handler is under way when the upgrade begins. */
function answerAll({ io }: TestServer): void {
  for (const namespace of NAMESPACES) {
    io.of(namespace).on('connection', (socket) => {
      for (let i = 0; i < MESSAGES; i++) socket.emit('said', i, content(i));
      socket.on('echo', (i, value) => socket.emit('echoed', i, value));
    });
  }
}

/** Both directions at once; everything must come whole and in order, over `finalTransport` in the end. */
async function talk(client: ClientSocket, finalTransport: string): Promise<Engine['transport']> {
  const said: unknown[] = [];
  const echoed: unknown[] = [];
  client.on('said', (...args: unknown[]) => said.push(withBuffers(args)));
  client.on('echoed', (...args: unknown[]) => echoed.push(withBuffers(args)));
  const last = waitFor(client, 'echoed', (i) => i === MESSAGES - 1);
  await waitFor(client, 'connect');
  const engine = (client.io as unknown as { engine: Engine }).engine;
  const upgraded = engine.transport.name === finalTransport ? undefined : waitFor(engine, 'upgrade');
  for (let i = 0; i < MESSAGES; i++) {
    client.emit('echo', i, content(i));
    if (i % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await last;
  await upgraded;
  const expected = Array.from({ length: MESSAGES }, (_, i) => [i, content(i)]);
  assert.deepEqual(said, expected);
  assert.deepEqual(echoed, expected);
  assert.equal(engine.transport.name, finalTransport);
  return engine.transport;
}

const certificate = makeCertificate();
after(() => certificate.remove());
const TLS: ServerSettings = { key: certificate.key, cert: certificate.cert } as ServerSettings;

const urlOf = ({ port }: TestServer, settings: ServerSettings, namespace = '/'): string =>
  `${'key' in settings ? 'https' : 'http'}://127.0.0.1:${port}${namespace}`;

/** Whether its messages are to be compressed. */
const compresses = ({ perMessageDeflate }: ServerSettings): boolean => perMessageDeflate !== false;

const HOUSES: readonly (readonly [name: string, ServerSettings])[] = [
  ['compressed, I/O threads: 1', { ...COMPRESSED, ioThreads: 1 }],
  ['not compressed, I/O threads: 1', { ...PLAIN, ioThreads: 1 }],
  ['compressed, I/O threads: 3', { ...COMPRESSED, ioThreads: 3 }],
  ['not compressed, I/O threads: 3', { ...PLAIN, ioThreads: 3 }],
  ['compressed, over TLS, I/O threads: 3', { ...COMPRESSED, ...TLS, ioThreads: 3 }],
];

for (const [house, settings] of HOUSES) {
  describe(`transports, ${house}`, () => {
    let server: TestServer;
    before(async () => {
      server = await createServer(settings);
      answerAll(server);
    });
    after(() => server.close());
    for (const [name, transports] of Object.entries(WAYS)) {
      for (const generation of generations) {
        for (const namespace of NAMESPACES) {
          it(`${name}: text and binary both ways in ${namespace} (client ${generation}.x)`, async (t) => {
            const options = { transports, rejectUnauthorized: false } as ClientOptions;
            const client = openUrl(generation, urlOf(server, settings, namespace), options);
            t.after(() => closeConnection(client));
            const { ws } = await talk(client, transports[transports.length - 1]);
            if (ws !== undefined) assert.equal(ws.extensions.includes('permessage-deflate'), compresses(settings));
          });
        }
      }
    }
  });
}

const require = createRequire(import.meta.url);
const { Fetch, NodeWebSocket } = createRequire(require.resolve('socket.io-client-4'))('engine.io-client');

// The polling of Node's stock clients asks for no compression, so their answers come as they are. That of 4.8 by `fetch`
// does; of the others only browsers do, and here bare requests in their place.
describe('polling with compressed answers', () => {
  let server: TestServer;
  before(async () => {
    server = await createServer({ ...COMPRESSED, ioThreads: 3 });
    answerAll(server);
  });
  after(() => server.close());

  for (const [name, transports] of Object.entries({
    polling: [Fetch],
    'polling, then an upgrade': [Fetch, NodeWebSocket],
  })) {
    it(`${name}: text and binary both ways by fetch (client 4.x)`, async (t) => {
      const { fetch: original } = globalThis;
      const codings: (string | null)[] = [];
      t.mock.method(globalThis, 'fetch', async (...args: Parameters<typeof fetch>) => {
        const answer = await original(...args);
        codings.push(answer.headers.get('content-encoding'));
        return answer;
      });
      const client = openUrl(4, urlOf(server, COMPRESSED), { transports } as ClientOptions);
      t.after(() => closeConnection(client));
      await talk(client, transports.length > 1 ? 'websocket' : 'polling');
      assert.ok(codings.includes('gzip'), `codings: ${codings.join()}`);
    });
  }

  for (const revision of [3, 4] as const) {
    it(`bare polls get the same, compressed and not, binary included (EIO ${revision})`, async () => {
      const plain = await pollAll(server, revision, {});
      const compressed = await pollAll(server, revision, { 'accept-encoding': 'gzip' });
      assert.deepEqual(compressed.packets, plain.packets);
      assert.ok(compressed.packets.some((packet) => packet.includes('é漢😀')));
      assert.ok(compressed.packets.filter((packet) => /^<bytes|^b/.test(packet)).length >= MESSAGES / 2);
      assert.ok(plain.codings.every((coding) => coding === 'none'));
      const type = revision === 3 ? 'application/octet-stream' : 'text/plain; charset=UTF-8';
      assert.ok(compressed.codings.includes(`gzip ${type}`), compressed.codings.join());
    });
  }
});

/** What ends the last message of `answerAll`: its attachment. */
const LAST_PACKET = {
  3: `<bytes 04${(MESSAGES - 1).toString(16)}>`,
  4: `b${Buffer.from([MESSAGES - 1]).toString('base64')}`,
};

/** Polls until all that `answerAll` says has come. */
async function pollAll(
  { port }: TestServer,
  revision: 3 | 4,
  headers: Readonly<Record<string, string>>,
): Promise<{ packets: string[]; codings: string[] }> {
  const codings: string[] = [];
  const ask = async (url: string): Promise<string[]> => {
    const { bytes, headers: answered } = await send(port, url, { headers });
    const coding = answered['content-encoding'];
    const type = String(answered['content-type']);
    codings.push(coding === undefined ? 'none' : `${coding} ${type}`);
    return decodePayload(revision, type, coding === 'gzip' ? gunzipSync(bytes) : bytes);
  };
  const base = `/socket.io/?EIO=${revision}&transport=polling`;
  const [open] = await ask(base);
  const url = `${base}&sid=${JSON.parse(open.slice(1)).sid}`;
  if (revision === 4) await send(port, url, { method: 'POST', body: '40' });
  const packets: string[] = [];
  while (packets.at(-1) !== LAST_PACKET[revision]) {
    packets.push(...(await ask(url)).filter((packet) => !packet.startsWith('40')));
  }
  await send(port, url, { method: 'POST', body: revision === 4 ? '1' : '1:1' });
  return { packets, codings };
}
