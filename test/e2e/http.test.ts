/**
 * What HTTP clients and browsers see of the engine: CORS and origins on every transport, the cookie, compressed answers,
 * sizes, transports. Raw requests to real servers.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync, inflateSync } from 'node:zlib';
import { type Answer, joinMain, openSession, POLLING, send, sendUpgrade, WEBSOCKET } from '../support/http.ts';
import { ownServer } from '../support/own-server.ts';
import { waitFor, within } from '../support/wait-for.ts';

const HERE = 'https://app.example';
const ELSEWHERE = 'https://evil.example';
const from = (origin: string) => ({ headers: { Origin: origin } });
const allowed = ({ headers }: Answer) => headers['access-control-allow-origin'];
const preflight = (origin: string) => ({
  method: 'OPTIONS',
  headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'X-Token' },
});

describe('CORS', () => {
  it('has no header unless it was asked for, and then nobody is refused', async (t) => {
    const { port } = ownServer(t);
    for (const answer of [
      await send(port, POLLING, from(ELSEWHERE)),
      await send(port, '/socket.io/?x', from(ELSEWHERE)),
    ]) {
      const names = Object.keys(answer.headers).filter((name) => name.startsWith('access-control') || name === 'vary');
      assert.deepEqual(names, []);
    }
    assert.equal((await sendUpgrade(port, WEBSOCKET, { Origin: ELSEWHERE })).status, 101);
    assert.equal((await send(port, POLLING, preflight(HERE))).status, 400, 'OPTIONS opens no session');
  });

  const forms: [name: string, cors: any, here: string | undefined, elsewhere: string | undefined][] = [
    ['true', true, '*', '*'],
    ["'*'", { origin: '*' }, '*', '*'],
    ['an origin', { origin: HERE }, HERE, HERE],
    ['a list', { origin: [HERE, /\.app\.example$/] }, HERE, undefined],
    ['a pattern', { origin: /app\.example$/ }, HERE, undefined],
    ['reflection', { origin: true }, HERE, ELSEWHERE],
    ['false', { origin: false }, undefined, undefined],
    ['a function for the origin', { origin: (o: string, done: any) => done(null, o === HERE) }, HERE, undefined],
    [
      'a function for the origin that answers later',
      { origin: (o: string, done: any) => setImmediate(done, null, o === HERE ? HERE : false) },
      HERE,
      undefined,
    ],
    [
      'a function for all of it',
      (req: any, done: any) => setImmediate(done, null, { origin: req.headers.origin === HERE ? HERE : false }),
      HERE,
      undefined,
    ],
  ];
  for (const [name, cors, here, elsewhere] of forms) {
    it(`as ${name} names the same origins to handshakes, errors and preflights`, async (t) => {
      const { port } = ownServer(t, { cors });
      for (const [origin, expected] of [
        [HERE, here],
        [ELSEWHERE, elsewhere],
      ] as const) {
        const handshake = await send(port, POLLING, from(origin));
        assert.deepEqual([handshake.status, allowed(handshake)], [200, expected]);
        const failure = await send(port, `${POLLING}&sid=none`, from(origin));
        assert.deepEqual([failure.status, allowed(failure)], [400, expected]);
        const asked = await send(port, POLLING, preflight(origin));
        assert.equal(allowed(asked), expected);
        if (expected !== undefined) {
          assert.deepEqual([asked.status, asked.text], [204, '']);
          assert.equal(asked.headers['access-control-allow-methods'], 'GET,HEAD,PUT,PATCH,POST,DELETE');
          assert.equal(asked.headers['access-control-allow-headers'], 'X-Token');
        }
        if (expected !== undefined && expected !== '*') assert.match(String(handshake.headers.vary), /^Origin/);
      }
    });

    it(`as ${name} guards WebSockets too`, async (t) => {
      const { port } = ownServer(t, { cors });
      const welcome = await sendUpgrade(port, WEBSOCKET, { Origin: HERE });
      const foreign = await sendUpgrade(port, WEBSOCKET, { Origin: ELSEWHERE });
      const isWelcome = here === '*' || here === HERE;
      const isForeignWelcome = elsewhere === '*' || elsewhere === ELSEWHERE;
      assert.deepEqual([welcome.status, foreign.status], [isWelcome ? 101 : 400, isForeignWelcome ? 101 : 400]);
      if (isWelcome) assert.equal(allowed(welcome), here, 'the 101 carries the headers');
      assert.equal((await sendUpgrade(port)).status, 101, 'a client without an origin is no page');
      const own = await sendUpgrade(port, WEBSOCKET, { Origin: `http://127.0.0.1:${port}` });
      assert.equal(own.status, 101, 'a page of this very server is not foreign');
    });
  }

  it('goes with refusals of the application and of too large posts', async (t) => {
    const allowRequest = (req: any, done: any) => done('not you', !req.url.includes('bad'));
    const { port } = ownServer(t, { cors: { origin: HERE }, maxHttpBufferSize: 100, allowRequest });
    const refused = await send(port, `${POLLING}&bad`, from(HERE));
    assert.deepEqual([refused.status, allowed(refused)], [403, HERE]);
    const { sid } = await openSession(port);
    const large = await send(port, `${POLLING}&sid=${sid}`, {
      ...from(HERE),
      method: 'POST',
      body: `4${'x'.repeat(200)}`,
    });
    assert.deepEqual([large.status, allowed(large)], [413, HERE]);
  });

  it('of a function that fails refuses the request', async (t) => {
    const { port, engine } = ownServer(t, { cors: (_req: unknown, done: any) => done(new Error('no idea')) });
    const error = waitFor(engine, 'connection_error');
    const answer = await send(port, POLLING, from(HERE));
    assert.deepEqual([answer.status, JSON.parse(answer.text).code], [400, 3]);
    assert.deepEqual((await error)[0].context, { name: 'MIDDLEWARE_FAILURE' });
  });

  it('sends credentials, exposed headers and the age where they are set', async (t) => {
    const cors = { origin: HERE, credentials: true, exposedHeaders: ['X-A', 'X-B'], maxAge: 60, methods: 'GET,POST' };
    const { port } = ownServer(t, { cors });
    const { headers } = await send(port, POLLING, preflight(HERE));
    assert.deepEqual(
      [
        headers['access-control-allow-credentials'],
        headers['access-control-expose-headers'],
        headers['access-control-max-age'],
        headers['access-control-allow-methods'],
        headers.vary,
      ],
      ['true', 'X-A,X-B', '60', 'GET,POST', 'Origin, Access-Control-Request-Headers'],
    );
  });
});

describe('origins', () => {
  it('24: admit the pages they name on every transport, and tell them so', async (t) => {
    const { port } = ownServer(t, { origins: ['https://app.example:443', 'localhost:*'] });
    const good = await send(port, POLLING, from(HERE));
    assert.deepEqual([good.status, allowed(good)], [200, HERE]);
    assert.equal(good.headers['access-control-allow-credentials'], 'true');
    for (const options of [from(ELSEWHERE), from('https://app.example:444'), {}]) {
      const bad = await send(port, POLLING, options);
      assert.deepEqual([bad.status, bad.text, allowed(bad)], [403, '{"code":4,"message":"Forbidden"}', undefined]);
    }
    const referred = await send(port, POLLING, { headers: { Referer: 'http://localhost:3000/page' } });
    assert.equal(referred.status, 200);
    assert.equal((await sendUpgrade(port, WEBSOCKET, { Origin: 'http://localhost:8080' })).status, 101);
    const foreign = await sendUpgrade(port, WEBSOCKET, { Origin: ELSEWHERE });
    assert.deepEqual([foreign.status, foreign.text], [400, 'Forbidden']);
  });

  it('25: are checked at the handshake, later requests have the session', async (t) => {
    const { port } = ownServer(t, { origins: 'https://app.example:443' });
    const { sid } = await openSession(port, POLLING, from(HERE));
    const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40' });
    assert.deepEqual([post.status, post.text], [200, 'ok']);
  });

  it('24: can be changed by io.origins() while the server runs', async (t) => {
    const { io, port } = ownServer(t);
    assert.equal((await send(port, POLLING, from(ELSEWHERE))).status, 200);
    io.origins(['https://app.example:443']);
    await within(untilStatus(port, 403), 'the new rule');
    io.origins('*');
    await within(untilStatus(port, 200), 'the old rule');
  });

  it('26: may be a function, which sees * for no origin, and may answer later with a reason', async (t) => {
    const seen: string[] = [];
    const origins = (origin: string, done: (error: string | null, allow: boolean) => void) => {
      seen.push(origin);
      setImmediate(() => done(origin === ELSEWHERE ? 'go away' : null, origin !== ELSEWHERE));
    };
    const { port } = ownServer(t, { origins });
    assert.equal((await send(port, POLLING)).status, 200);
    assert.equal(allowed(await send(port, POLLING, from(HERE))), HERE);
    const polled = await send(port, POLLING, from(ELSEWHERE));
    assert.deepEqual([polled.status, polled.text], [403, '{"code":4,"message":"go away"}']);
    const upgraded = await sendUpgrade(port, WEBSOCKET, { Origin: ELSEWHERE });
    assert.deepEqual([upgraded.status, upgraded.text], [400, 'go away']);
    assert.deepEqual(seen, ['*', HERE, ELSEWHERE, ELSEWHERE]);
  });

  it('2.7: answer a preflight of an admitted page', async (t) => {
    const { port } = ownServer(t, { origins: '*:*' });
    const { status, headers } = await send(port, POLLING, preflight(HERE));
    assert.deepEqual(
      [status, headers['access-control-allow-origin'], headers['access-control-allow-headers']],
      [200, HERE, 'Content-Type'],
    );
  });

  async function untilStatus(port: number, status: number): Promise<void> {
    while ((await send(port, POLLING, from(ELSEWHERE))).status !== status);
  }
});

describe('the cookie', () => {
  const forms: [any, string | undefined][] = [
    [undefined, undefined],
    [false, undefined],
    [true, 'io=SID; Path=/; HttpOnly; SameSite=Lax'],
    ['chat', 'chat=SID; Path=/; HttpOnly; SameSite=Strict'],
    [
      { name: 'c', path: '/x', httpOnly: false, sameSite: 'strict', maxAge: 9 },
      'c=SID; Max-Age=9; Path=/x; SameSite=Strict',
    ],
  ];
  for (const [cookie, expected] of forms) {
    it(`as ${JSON.stringify(cookie)} is set by the handshake's answer and by no other`, async (t) => {
      const { port } = ownServer(t, { cookie });
      const { headers, sid } = await openSession(port);
      assert.deepEqual(headers['set-cookie'], expected && [expected.replace('SID', sid)]);
      const post = await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40' });
      const poll = await send(port, `${POLLING}&sid=${sid}`);
      const upgraded = await sendUpgrade(port);
      for (const answer of [post, poll, upgraded]) assert.equal(answer.headers['set-cookie'], undefined);
    });
  }
});

describe('polling answers', () => {
  const text = 'abc'.repeat(1000);
  const decoders = { gzip: gunzipSync, deflate: inflateSync };

  async function pollText(t: any, accept: string | undefined, options = {}, data = text) {
    const { io, port } = ownServer(t, options);
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    socket.emit('text', data);
    return send(port, `${POLLING}&sid=${sid}`, { headers: accept === undefined ? {} : { 'Accept-Encoding': accept } });
  }

  for (const [accept, coding] of [
    ['gzip', 'gzip'],
    ['deflate', 'deflate'],
    ['br, gzip', 'gzip'],
    ['br, gzip;q=0.1', 'gzip'],
    ['gzip;q=0.5, deflate', 'deflate'],
    ['*', 'gzip'],
  ] as const) {
    it(`81: are compressed with ${coding} for "${accept}"`, async (t) => {
      const { headers, bytes } = await pollText(t, accept);
      assert.equal(headers['content-encoding'], coding);
      assert.ok(bytes.length < text.length);
      assert.equal(decoders[coding](bytes).toString(), `42["text","${text}"]`);
    });
  }

  it('81: go out as they are below the threshold, without a coding in common, and when compression is off', async (t) => {
    const plain = [
      await pollText(t, undefined),
      await pollText(t, 'zstd'),
      await pollText(t, 'br'),
      await pollText(t, 'gzip;q=0'),
      await pollText(t, 'gzip', { httpCompression: false }),
      await pollText(t, 'gzip', { httpCompression: { threshold: 10_000 } }),
      await pollText(t, 'gzip', {}, 'short'),
    ];
    for (const { headers, text: body } of plain) {
      assert.equal(headers['content-encoding'], undefined);
      assert.match(body, /^42\["text"/);
    }
    assert.equal(
      (await pollText(t, 'gzip', { httpCompression: { threshold: 0 } }, 's')).headers['content-encoding'],
      'gzip',
    );
  });

  it('81: go out as they are when the application said so', async (t) => {
    const { io, port } = ownServer(t);
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    socket.compress(false).emit('text', text);
    const { headers } = await send(port, `${POLLING}&sid=${sid}`, { headers: { 'Accept-Encoding': 'gzip' } });
    assert.equal(headers['content-encoding'], undefined);
  });
});

describe('requests', () => {
  it('2.6: a post over maxHttpBufferSize is answered 413, announced or chunked, and its session goes on', async (t) => {
    const { io, port } = ownServer(t, { maxHttpBufferSize: 1000 });
    const connected = waitFor(io, 'connection');
    const { sid } = await openSession(port);
    await joinMain(port, sid);
    const [socket] = await connected;
    const body = `42["m","${'x'.repeat(2000)}"]`;
    const path = `${POLLING}&sid=${sid}`;
    assert.equal((await send(port, path, { method: 'POST', body })).status, 413);
    const chunked = { method: 'POST', body, headers: { 'Transfer-Encoding': 'chunked' } };
    assert.equal((await send(port, path, chunked)).status, 413);
    const received = waitFor(socket, 'm');
    assert.equal((await send(port, path, { method: 'POST', body: '42["m","still here"]' })).text, 'ok');
    assert.deepEqual(await received, ['still here']);
  });

  it('3.6: addTrailingSlash decides whether the bare path is ours', async (t) => {
    const bare = '/socket.io?EIO=4&transport=polling';
    assert.equal((await send(ownServer(t).port, bare)).status, 404);
    const { port } = ownServer(t, { addTrailingSlash: false });
    assert.equal((await send(port, bare)).status, 200);
    assert.equal((await sendUpgrade(port, '/socket.io?EIO=4&transport=websocket')).status, 101);
    assert.equal((await send(port, '/elsewhere?EIO=4&transport=polling')).status, 404);
  });

  it('14: only listed transports are served', async (t) => {
    const pollingOnly = ownServer(t, { transports: ['polling'] }).port;
    assert.deepEqual(JSON.parse((await send(pollingOnly, POLLING)).text.slice(1)).upgrades, []);
    const refused = await sendUpgrade(pollingOnly);
    assert.deepEqual([refused.status, JSON.parse(refused.text).code], [400, 0]);
    const websocketOnly = ownServer(t, { transports: ['websocket'] }).port;
    assert.equal(JSON.parse((await send(websocketOnly, POLLING)).text).code, 0);
    assert.equal((await sendUpgrade(websocketOnly)).status, 101);
  });

  it('16: without allowUpgrades clients are told of none, and one that tries all the same is let', async (t) => {
    const { port } = ownServer(t, { allowUpgrades: false });
    const { text, sid } = await openSession(port);
    assert.deepEqual(JSON.parse(text.slice(1)).upgrades, []);
    assert.equal((await sendUpgrade(port, `${WEBSOCKET}&sid=${sid}`)).status, 101);
  });
});
