/** Every way to carry a session, with stock clients: polling, polling then upgrade, WebSocket; compressed or not; TLS. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { withBuffers } from '../support/bytes.ts';
import { type ClientSocket, closeConnection, type Generation, generations, openClient } from '../support/clients.ts';
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
  readonly transport: { readonly name: string };
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

/** Both directions at once; everything must come whole and in order, over the last transport of `way` in the end. */
async function talk(client: ClientSocket, way: readonly string[]): Promise<void> {
  const said: unknown[] = [];
  const echoed: unknown[] = [];
  client.on('said', (...args: unknown[]) => said.push(withBuffers(args)));
  client.on('echoed', (...args: unknown[]) => echoed.push(withBuffers(args)));
  const last = waitFor(client, 'echoed', (i) => i === MESSAGES - 1);
  await waitFor(client, 'connect');
  const engine = (client.io as unknown as { engine: Engine }).engine;
  const finalTransport = way[way.length - 1];
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
}

for (const ioThreads of [1, 3]) {
  for (const [compression, settings] of [
    ['compressed', COMPRESSED],
    ['not compressed', PLAIN],
  ] as const) {
    describe(`transports, ${compression}, I/O threads: ${ioThreads}`, () => {
      let server: TestServer;
      before(async () => {
        server = await createServer({ ...settings, ioThreads });
        answerAll(server);
      });
      after(() => server.close());
      for (const [name, transports] of Object.entries(WAYS)) {
        for (const generation of generations) {
          for (const namespace of NAMESPACES) {
            it(`${name}: text and binary both ways in ${namespace} (client ${generation}.x)`, async (t) => {
              const client = openClient(generation, server.port, namespace, { transports });
              t.after(() => closeConnection(client));
              await talk(client, transports);
            });
          }
        }
      }
    });
  }
}

/** A throw-away certificate; undefined where the tool that makes it is missing. */
function makeCertificate(): { key: Buffer; cert: Buffer } | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  try {
    execFileSync(
      'openssl',
      ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, ...subject],
      {
        stdio: 'ignore',
      },
    );
    return { key: readFileSync(key), cert: readFileSync(cert) };
  } catch {
    return undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const certificate = makeCertificate();
const require = createRequire(import.meta.url);

function openSecure(generation: Generation, port: number, transports: string[]): ClientSocket {
  const options = { transports, forceNew: true, reconnection: false, ca: certificate?.cert };
  const client = require(`socket.io-client-${generation}`);
  return (generation === 2 ? client : client.io)(`https://127.0.0.1:${port}`, options);
}

describe('transports over TLS', { skip: certificate === undefined && 'openssl is missing' }, () => {
  let server: TestServer;
  before(async () => {
    server = await createServer({ ...COMPRESSED, ...(certificate as object), ioThreads: 3 });
    answerAll(server);
  });
  after(() => server.close());
  for (const [name, transports] of Object.entries(WAYS)) {
    for (const generation of [2, 4] as const) {
      it(`${name}: text and binary both ways (client ${generation}.x)`, async (t) => {
        const client = openSecure(generation, server.port, transports);
        t.after(() => closeConnection(client));
        await talk(client, transports);
      });
    }
  }
});
