/** Bare Engine.IO clients of both revisions: what they send reaches `conn` as it is, what the server says reaches them. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, describe, it } from 'node:test';
import { withBuffers } from '../support/bytes.ts';
import { makeCertificate } from '../support/certificate.ts';
import { createServer, type ServerSettings } from '../support/server.ts';
import { type EventSource, waitFor, within } from '../support/wait-for.ts';

interface EngineClient extends EventSource {
  /** `ws` of a WebSocket. */
  readonly transport: { readonly name: string; readonly ws?: { readonly extensions: string } };
  binaryType: string;
  send(data: string | Buffer): void;
  close(): void;
}
type EngineClientClass = new (url: string, options: object) => EngineClient;

const require = createRequire(import.meta.url);

/** The engine client that a generation of socket.io-client comes with. */
function engineOf(generation: 2 | 4): EngineClientClass {
  const load = createRequire(require.resolve(`socket.io-client-${generation}`));
  const loaded = load('engine.io-client');
  return loaded.Socket ?? loaded;
}

const WAYS: Readonly<Record<string, string[]>> = {
  polling: ['polling'],
  'polling, then an upgrade': ['polling', 'websocket'],
  websocket: ['websocket'],
};
/** Pairs of an event with an attachment, as Socket.IO frames them: the server's own layer sits on the same connection. */
const PAIRS = 60;

const certificate = makeCertificate();
after(() => certificate.remove());
const { key, cert } = certificate;
const COMPRESSED: ServerSettings = { httpCompression: { threshold: 0 }, perMessageDeflate: { threshold: 0 } };

const HOUSES: readonly (readonly [name: string, ServerSettings])[] = [
  ['I/O threads: 1', { ioThreads: 1 }],
  ['I/O threads: 3', { ioThreads: 3 }],
  ['compressed, I/O threads: 3', { ...COMPRESSED, ioThreads: 3 }],
  ['compressed, over TLS, I/O threads: 3', { ...COMPRESSED, key, cert, ioThreads: 3 } as ServerSettings],
];

for (const [house, settings] of HOUSES) {
  describe(`bare engine clients, ${house}`, () => {
    for (const [name, transports] of Object.entries(WAYS)) {
      for (const generation of [2, 4] as const) {
        it(`${name}: frames come as they were sent, in order (engine of client ${generation}.x)`, async (t) => {
          const server = await createServer(settings);
          t.after(() => server.close());
          const heard: unknown[] = [];
          const engine = server.io.engine as unknown as EventSource;
          engine.on('connection', (conn: EventSource) => conn.on('data', (data) => heard.push(withBuffers(data))));
          server.io.on('connection', (socket) => socket.on('pair', (i, bytes) => socket.emit('back', i, bytes)));

          const client = new (engineOf(generation))(
            `${'key' in settings ? 'https' : 'http'}://127.0.0.1:${server.port}`,
            {
              path: '/socket.io',
              transports,
              rejectUnauthorized: false,
              perMessageDeflate: { threshold: 0 },
            },
          );
          t.after(() => client.close());
          client.binaryType = 'arraybuffer';
          const received: unknown[] = [];
          const complete = new Promise<void>((resolve) => {
            client.on('message', (data) => {
              received.push(withBuffers(data));
              if (received.length === 1 + 2 * PAIRS) resolve();
            });
          });
          const joined = waitFor(client, 'message', (text) => String(text).startsWith('0'));
          const upgraded = transports.length > 1 ? waitFor(client, 'upgrade') : undefined;
          await waitFor(client, 'open');
          const sent: unknown[] = [];
          const send = (data: string | Buffer): void => {
            sent.push(data);
            client.send(data);
          };
          if (generation === 4) send('0');
          await joined; // before it, events would be out of place
          for (let i = 0; i < PAIRS; i++) {
            send(`51-["pair",${i},{"_placeholder":true,"num":0}]`);
            send(Buffer.alloc(i + 1, i));
            if (i % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
          }
          await within(complete, 'the last frame');
          await upgraded;
          assert.equal(client.transport.name, transports[transports.length - 1]);
          const { ws } = client.transport;
          if (ws !== undefined) {
            assert.equal(ws.extensions.includes('permessage-deflate'), 'perMessageDeflate' in settings);
          }
          assert.deepEqual(heard, sent);
          const expected = Array.from({ length: PAIRS }, (_, i) => [
            `51-["back",${i},{"_placeholder":true,"num":0}]`,
            Buffer.alloc(i + 1, i),
          ]);
          assert.deepEqual(received.slice(1), expected.flat());
        });
      }
    }
  });
}
