/**
 * The stock clients in a real browser: the bundle that the server serves, and those of older generations. Each starts by
 * polling, upgrades, and exchanges bytes, with nothing in the browser's console.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { Server } from '../../core/index.ts';
import { launchBrowser } from '../support/browser.ts';
import type { Page } from '../support/page.ts';
import { waitFor } from '../support/wait-for.ts';

const require = createRequire(import.meta.url);
const bundle = (name: string): Buffer =>
  readFileSync(join(dirname(require.resolve(`${name}/package.json`)), 'dist/socket.io.js'));

/** Scripts of the page by client; what does not begin with the engine's path is the application's. */
const SCRIPTS = {
  'the client it serves': '/socket.io/socket.io.js',
  'the minified client it serves': '/socket.io/socket.io.min.js',
  'the client of Socket.IO 3': '/client-3.js',
  'the client of Socket.IO 2': '/client-2.js',
};
/** Larger than what one packet of TCP holds. */
const BYTES = 5000;

const application: RequestListener = (request, response) => {
  const { pathname, searchParams } = new URL(request.url as string, 'http://localhost');
  if (pathname === '/') {
    response.setHeader('content-type', 'text/html');
    const script = `<script src="${searchParams.get('script')}"></script>`;
    response.end(`<!doctype html><title>test</title><link rel="icon" href="data:,">${script}`);
    return;
  }
  response.setHeader('content-type', 'text/javascript');
  response.end(bundle(pathname === '/client-2.js' ? 'socket.io-client-2' : 'socket.io-client-3'));
};

/** Puts `socket` and `log` into the page: names of transports and what the server sent, in order. */
const connect = (options: object, url = ''): string => `
  window.log = [];
  window.socket = io(${JSON.stringify(url)}, ${JSON.stringify(options)});
  socket.io.on('open', () => {
    const { engine } = socket.io;
    log.push(engine.transport.name);
    engine.on('upgrade', (transport) => log.push('upgraded to ' + transport.name));
  });
  socket.on('connect_error', (error) => log.push(error.message));
  socket.on('bytes', (bytes) => log.push(bytes instanceof ArrayBuffer ? new Uint8Array(bytes).join() : typeof bytes));
  undefined;
`;

const browser = await launchBrowser();

describe('a browser', { skip: browser.skip }, () => {
  let io: Server;

  before(async () => {
    io = new Server({ ioThreads: 2 });
    io.listen(0, { http: application });
    io.on('connection', (socket) => {
      socket.on('sum', (bytes: Buffer, reply: (sum: number, copy: Buffer) => void) => {
        reply(
          bytes.reduce((sum, byte) => sum + byte, 0),
          bytes,
        );
      });
    });
  });

  after(() => io.close());

  for (const [name, script] of Object.entries(SCRIPTS)) {
    it(`with ${name} polls, upgrades and exchanges bytes`, async (t) => {
      const page = await openPage(t, portOf(io), script);
      const connected = waitFor(io, 'connection');
      await page.evaluate(connect({}));
      const [socket] = await connected;
      await page.until(`log.includes('upgraded to websocket')`);
      socket.emit('bytes', Buffer.from([0, 1, 127, 128, 255]));
      await page.until('log.length === 3');
      assert.deepEqual(await page.evaluate('log'), ['polling', 'upgraded to websocket', '0,1,127,128,255']);
      await assertSum(page);
      assert.equal(socket.conn.transport.name, 'websocket'); // now that a packet of the page has come through it

      const gone = waitFor(socket, 'disconnect');
      await page.evaluate('void socket.close()');
      assert.equal((await gone)[0], 'client namespace disconnect');
      page.assertNoComplaints();
    });

    for (const transport of ['polling', 'websocket']) {
      it(`with ${name} exchanges bytes over ${transport} alone`, async (t) => {
        const page = await openPage(t, portOf(io), script);
        const connected = waitFor(io, 'connection');
        await page.evaluate(connect({ transports: [transport] }));
        const [socket] = await connected;
        socket.emit('bytes', Buffer.from([0, 10, 200]));
        await page.until('log.length === 2');
        assert.deepEqual(await page.evaluate('log'), [transport, '0,10,200']);
        await assertSum(page);
        page.assertNoComplaints();
      });
    }
  }

  it('whose page is closed is disconnected', async () => {
    const page = await browser.open();
    await page.goto(`http://localhost:${portOf(io)}/?script=/socket.io/socket.io.js`);
    const connected = waitFor(io, 'connection');
    await page.evaluate(connect({ transports: ['websocket'] }));
    const [socket] = await connected;
    const gone = waitFor(socket, 'disconnect');
    await page.close();
    assert.equal((await gone)[0], 'transport close');
  });
});

describe('a page of another origin', { skip: browser.skip }, () => {
  /** Opens a page on one server and connects it to another, for one test. */
  async function connectAcross(t: TestContext, target: Server, transport: string): Promise<Page> {
    const own = new Server({ ioThreads: 1 });
    t.after(() => Promise.all([own.close(), target.close()]));
    own.listen(0, { http: application });
    const page = await openPage(t, portOf(own), '/client-3.js');
    // The header makes the browser ask for leave before it polls.
    const options = { transports: [transport], reconnection: false, extraHeaders: { 'x-asks-first': 'yes' } };
    await page.evaluate(connect(options, `http://localhost:${portOf(target)}`));
    return page;
  }

  for (const transport of ['polling', 'websocket']) {
    it(`connects by ${transport} where cors lets it`, async (t) => {
      const io = new Server(0, { ioThreads: 1, cors: { origin: /^http:\/\/localhost:/ } });
      const page = await connectAcross(t, io, transport);
      await page.until('log.length === 1');
      assert.deepEqual(await page.evaluate('log'), [transport]);
      page.assertNoComplaints();
    });
  }

  it('is kept from polling by the browser where cors does not name it', async (t) => {
    const io = new Server(0, { ioThreads: 1, cors: { origin: 'http://example.com' } });
    const page = await connectAcross(t, io, 'polling');
    await page.until('log.length === 1');
    assert.deepEqual(await page.evaluate('log'), ['xhr poll error']);
    const reason = page.complaints.find((text) => text.includes('CORS policy'));
    assert.ok(reason, page.complaints.join('\n'));
  });
});

async function openPage(t: TestContext, port: number, script: string): Promise<Page> {
  const page = await browser.open();
  t.after(() => page.close());
  await page.goto(`http://localhost:${port}/?script=${script}`);
  return page;
}

function portOf(io: Server): number {
  return (io.httpServer.address() as AddressInfo).port;
}

/** The page sends bytes, the server answers with their sum and the bytes. */
async function assertSum(page: Page): Promise<void> {
  const answer = await page.evaluate(`new Promise((resolve) => {
    const bytes = Uint8Array.from({ length: ${BYTES} }, (_, i) => i);
    socket.emit('sum', bytes.buffer, (sum, copy) => resolve([sum, copy.byteLength, new Uint8Array(copy)[300]]));
  })`);
  let sum = 0;
  for (let i = 0; i < BYTES; i++) sum += i % 256;
  assert.deepEqual(answer, [sum, BYTES, 300 % 256]);
}
