/** `connection_error`: the code and context of every refusal of the engine (BEHAVIOUR 2.8). Raw requests to real servers. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { closeConnection, openClient } from '../support/clients.ts';
import { openSession, POLLING, send, sendUpgrade, WEBSOCKET } from '../support/http.ts';
import { ownServer } from '../support/own-server.ts';
import { waitFor } from '../support/wait-for.ts';

describe('2.8: connection_error', () => {
  const CASES: [what: string, method: string, path: string, code: number, context: unknown][] = [
    ['an unknown transport', 'GET', '/socket.io/?EIO=4&transport=carrier', 0, { transport: 'carrier' }],
    ['no transport', 'GET', '/socket.io/?EIO=4', 0, { transport: undefined }],
    ['an unknown session', 'GET', `${POLLING}&sid=none`, 1, { sid: 'none' }],
    ['a handshake that posts', 'POST', POLLING, 2, { method: 'POST' }],
    ['a plain request for a WebSocket', 'GET', WEBSOCKET, 3, { name: 'TRANSPORT_HANDSHAKE_ERROR' }],
    ['a revision that is not served', 'GET', '/socket.io/?EIO=3&transport=polling', 5, { protocol: 3 }],
  ];
  for (const [what, method, path, code, context] of CASES) {
    it(`names ${what}`, async (t) => {
      const { port, engine } = ownServer(t, { ioThreads: 2, allowEIO3: false });
      const report = waitFor(engine, 'connection_error');
      const { status, text } = await send(port, path, { method });
      assert.deepEqual([status, JSON.parse(text).code], [400, code]);
      const [error] = await report;
      assert.deepEqual([error.code, error.message, error.context], [code, JSON.parse(text).message, context]);
      assert.deepEqual([error.req.method, error.req.url], [method, path]);
    });
  }

  it('names a mismatch of transport or revision, on whichever thread the session lives', async (t) => {
    const { io, port, engine } = ownServer(t, { ioThreads: 2 });
    const connected = waitFor(io, 'connection');
    const client = openClient(4, port);
    t.after(() => closeConnection(client));
    const [{ conn }] = await connected;
    const { sid } = await openSession(port);
    for (const [path, upgrade, context] of [
      [
        `${POLLING}&sid=${conn.id}`,
        false,
        { name: 'TRANSPORT_MISMATCH', transport: 'polling', previousTransport: 'websocket' },
      ],
      [
        `${WEBSOCKET}&sid=${sid}`,
        false,
        { name: 'TRANSPORT_MISMATCH', transport: 'websocket', previousTransport: 'polling' },
      ],
      [
        `/socket.io/?EIO=3&transport=polling&sid=${sid}`,
        false,
        { name: 'PROTOCOL_MISMATCH', protocol: 3, previousProtocol: 4 },
      ],
      [
        `/socket.io/?transport=websocket&sid=${sid}`,
        true,
        { name: 'PROTOCOL_MISMATCH', protocol: 3, previousProtocol: 4 },
      ],
      [`${WEBSOCKET}&sid=none`, true, { sid: 'none' }],
    ] as const) {
      for (let i = 0; i < 3; i++) {
        const report = waitFor(engine, 'connection_error');
        const answer = upgrade ? await sendUpgrade(port, path) : await send(port, path);
        assert.equal(answer.status, 400);
        assert.deepEqual((await report)[0].context, context);
      }
    }
  });

  it('names an origin that is none', async (t) => {
    const { port, engine } = ownServer(t);
    const report = waitFor(engine, 'connection_error');
    const answer = await send(port, POLLING, { headers: { Origin: 'http://a b' } });
    assert.deepEqual([answer.status, JSON.parse(answer.text).code], [400, 3]);
    const [{ code, context }] = await report;
    assert.deepEqual([code, context], [3, { name: 'INVALID_ORIGIN', origin: 'http://a b' }]);
  });

  it('names a foreign origin', async (t) => {
    const { port, engine } = ownServer(t, { cors: { origin: 'https://app.example' } });
    const report = waitFor(engine, 'connection_error');
    const answer = await sendUpgrade(port, WEBSOCKET, { Origin: 'https://evil.example' });
    assert.equal(answer.status, 400);
    assert.deepEqual([(await report)[0].code, (await report)[0].context], [4, { message: 'Forbidden' }]);
  });
});
