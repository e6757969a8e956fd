/** Polling sessions on the thread that owns them, and through another one: polls, posts, aborts, ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FLAG_VOLATILE } from '../../core/agents/link.ts';
import type { SessionNumber } from '../../core/session/ids.ts';
import {
  DESCRIPTION_INVALID_CONTENT,
  DESCRIPTION_OUTBOUND_LIMIT,
  DESCRIPTION_POLL_ABORTED,
  DESCRIPTION_POLL_OVERLAP,
  DESCRIPTION_POST_ABORTED,
  DESCRIPTION_POST_OVERLAP,
  DESCRIPTION_THREAD_LOST,
  REASON_FORCED_CLOSE,
  REASON_PARSE_ERROR,
  REASON_TRANSPORT_CLOSE,
  REASON_TRANSPORT_ERROR,
} from '../../core/session/reasons.ts';
import type { FakeExchange } from '../support/fake-exchange.ts';
import { type Client, OneThread } from '../support/one-thread.ts';
import type { Peer } from '../support/peers.ts';

const OWNER = 0;

interface Session extends Peer {
  readonly setup: OneThread;
  poll(): FakeExchange;
  post(body?: string | Uint8Array, contentType?: string): FakeExchange;
  ask(method: string): FakeExchange;
  send(text: string | Uint8Array, flags?: number): void;
}

/** A polling session on thread 0 of two, all of whose requests come in on thread `io`. */
async function open(io: number, query: Record<string, string> = {}, tuning: object = {}): Promise<Session> {
  const setup = new OneThread(tuning);
  const first = { transport: 'polling', EIO: '4', ...query };
  const text = setup.http(OWNER, { query: first }).text;
  const { sid } = JSON.parse(
    text
      .replaceAll('\\"', '"')
      .replace(/^[^{]*/, '')
      .replace(/[^}]*$/, ''),
  );
  const own = { ...first, sid };
  const session: Session = {
    setup,
    sid,
    session: 0 as SessionNumber,
    messages: [],
    closed: undefined,
    poll: () => session.ask('GET'),
    ask(method) {
      const exchange = setup.http(io, { query: own, method });
      setup.settleBlocked();
      return exchange;
    },
    post(body, contentType) {
      const exchange = setup.http(io, { query: own, method: 'POST', contentType });
      setup.settleBlocked();
      if (body !== undefined) exchange.sendBody(body);
      setup.settleBlocked();
      return exchange;
    },
    send(text, flags = 0) {
      setup.app.send(session.session, typeof text === 'string' ? [text] : ['', text], flags);
      setup.settleBlocked();
    },
  };
  setup.expect(session);
  await setup.settle();
  assert.ok(session.session > 0);
  return session;
}

for (const [place, io] of [
  ['on its own thread', 0],
  ['through another thread', 1],
] as const) {
  describe(`a session that polls ${place}`, () => {
    const test = (name: string, body: (s: Session) => Promise<void> | void, query = {}, tuning = {}): void => {
      it(name, async () => {
        const s = await open(io, query, tuning);
        await body(s);
        s.setup.close();
      });
    };
    const ends = async (s: Session, reason: number, detail = 0): Promise<void> => {
      await s.setup.settle();
      assert.deepEqual(s.closed, [reason, detail]);
      const later = s.poll();
      assert.equal(later.text, '{"code":1,"message":"Session ID unknown"}');
    };

    test('holds a poll until there is a message, and answers with it', (s) => {
      const poll = s.poll();
      assert.ok(!poll.answered);
      s.send('hello');
      assert.equal(poll.text, '4hello');
      assert.equal(poll.reply?.contentType, 'text/plain; charset=UTF-8');
    });

    test('answers a poll at once with everything that waits, in order', (s) => {
      for (const text of ['a', 'b', 'c']) s.send(text);
      assert.equal(s.poll().text, '4a\x1e4b\x1e4c');
    });

    test('tells the app each message of a post, then answers ok', async (s) => {
      const post = s.post('4one\x1ebAQID\x1e4two');
      assert.equal(post.text, 'ok');
      assert.equal(post.reply?.contentType, 'text/html');
      await s.setup.settle();
      assert.deepEqual(s.messages, ['one', Buffer.from([1, 2, 3]), 'two']);
    });

    test('refuses a second poll and ends: the first is answered with close', async (s) => {
      const first = s.poll();
      const second = s.poll();
      assert.equal(second.reply?.status, 400);
      assert.equal(second.text, '');
      assert.equal(first.text, '1');
      await ends(s, REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_OVERLAP);
    });

    test('refuses a second post and ends: the connection of the first is closed', async (s) => {
      const first = s.post();
      const second = s.post();
      assert.equal(second.reply?.status, 400);
      assert.equal(first.reply?.close, true);
      first.sendBody('4too late');
      await ends(s, REASON_TRANSPORT_ERROR, DESCRIPTION_POST_OVERLAP);
      assert.deepEqual(s.messages, []);
    });

    test('ends when its client aborts the held poll', async (s) => {
      s.poll().abort();
      await ends(s, REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_ABORTED);
    });

    test('ends when its client aborts a post before the body is there', async (s) => {
      s.post().abort();
      await ends(s, REASON_TRANSPORT_ERROR, DESCRIPTION_POST_ABORTED);
    });

    test('goes on after a post that was too large', async (s) => {
      s.post().refuseBody();
      s.setup.settleBlocked();
      assert.equal(s.post('4small').text, 'ok');
      await s.setup.settle();
      assert.deepEqual(s.messages, ['small']);
    });

    test('refuses a binary body on revision 4 and ends', async (s) => {
      const post = s.post(undefined, 'application/octet-stream');
      assert.equal(post.reply?.status, 400);
      await ends(s, REASON_TRANSPORT_ERROR, DESCRIPTION_INVALID_CONTENT);
    });

    test('ends on a close packet: the held poll gets a noop', async (s) => {
      const poll = s.poll();
      assert.equal(s.post('1').text, 'ok');
      assert.equal(poll.text, '6');
      await ends(s, REASON_TRANSPORT_CLOSE);
    });

    test('answers ok to garbage, and ends with what came before it', async (s) => {
      assert.equal(s.post('4good\x1exx').text, 'ok');
      await s.setup.settle();
      assert.equal(s.closed?.[0], REASON_PARSE_ERROR);
    });

    test('has its last packets for the next poll when the server ends it, and is forgotten then', async (s) => {
      s.send('last words');
      s.setup.app.closeSession(s.session, false);
      await s.setup.settle();
      assert.deepEqual(s.closed, [REASON_FORCED_CLOSE, 0]);
      assert.equal(s.poll().text, '4last words\x1e6\x1e1');
      assert.equal(s.poll().text, '{"code":1,"message":"Session ID unknown"}');
    });

    for (const [fault, reason] of [
      ['xx', REASON_PARSE_ERROR],
      ['2', REASON_TRANSPORT_ERROR],
    ] as const) {
      test(`leaves nothing but its end behind after a client's "${fault}"`, async (s) => {
        s.send('never read');
        s.post(fault);
        await s.setup.settle();
        assert.equal(s.closed?.[0], reason);
        assert.equal(s.poll().text, '6\x1e1');
      });
    }

    test('is forgotten 30 s after the server ended it', async (s) => {
      s.setup.app.closeSession(s.session, false);
      await s.setup.settle();
      s.setup.now += 29_999;
      s.setup.tick(OWNER);
      s.setup.now += 1;
      s.setup.tick(OWNER);
      assert.equal(s.poll().text, '{"code":1,"message":"Session ID unknown"}');
    });

    test('lingers until then', async (s) => {
      s.setup.app.closeSession(s.session, false);
      await s.setup.settle();
      s.setup.now += 29_999;
      s.setup.tick(OWNER);
      assert.equal(s.poll().text, '6\x1e1');
    });

    test('answers a held poll with close when the server ends it', async (s) => {
      const poll = s.poll();
      s.setup.app.closeSession(s.session, false);
      s.setup.settleBlocked();
      assert.equal(poll.text, '1');
      await ends(s, REASON_FORCED_CLOSE);
    });

    test('ends when more waits for it than it may keep', async (s) => {
      for (let i = 0; i < 12; i++) s.send('x'.repeat(1000));
      await ends(s, REASON_TRANSPORT_ERROR, DESCRIPTION_OUTBOUND_LIMIT);
    });

    test('gets volatile messages only while a poll is held', (s) => {
      s.send('dropped', FLAG_VOLATILE);
      s.send('kept');
      s.send('dropped too', FLAG_VOLATILE);
      assert.equal(s.poll().text, '4kept');
      const held = s.poll();
      s.send('in time', FLAG_VOLATILE);
      assert.equal(held.text, '4in time');
    });

    test('refuses other methods and goes on', (s) => {
      for (const method of ['PUT', 'DELETE', 'PATCH']) {
        const { reply } = s.ask(method);
        assert.equal(reply?.status, 500);
        assert.equal(reply?.body, undefined);
      }
      const poll = s.poll();
      s.send('still here');
      assert.equal(poll.text, '4still here');
    });

    test(
      'speaks the payloads of revision 3',
      async (s) => {
        s.send('€');
        const text = s.poll();
        assert.equal(text.text, '2:4€');
        s.post('2:4a');
        s.post(Uint8Array.of(1, 4, 255, 4, 1, 2, 3), 'application/octet-stream');
        await s.setup.settle();
        assert.deepEqual(s.messages, ['a', Buffer.from([1, 2, 3])]);
        assert.equal(s.post('1:2').text, 'ok');
        assert.equal(s.poll().text, '1:3');
      },
      { EIO: '3' },
    );

    test(
      'answers scripts with scripts',
      async (s) => {
        s.send('a"b');
        const poll = s.poll();
        assert.equal(poll.text, '___eio[7]("4:4a\\"b");');
        assert.equal(s.post(`d=${encodeURIComponent('2:4x')}`, 'application/x-www-form-urlencoded').text, 'ok');
        await s.setup.settle();
        assert.deepEqual(s.messages, ['x']);
      },
      { EIO: '3', j: '7', b64: '1' },
    );

    test('ends the session when the client goes while its answer is being compressed', async (s) => {
      const poll = s.poll();
      poll.compresses = true;
      s.send('lost');
      await s.setup.settle();
      assert.ok(poll.isCompressing);
      poll.abort();
      await s.setup.settle();
      assert.deepEqual(s.closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_ABORTED]);
    });

    test('goes on when the answer has been compressed and written', async (s) => {
      const poll = s.poll();
      poll.compresses = true;
      s.send('a');
      await s.setup.settle();
      poll.compressed();
      await s.setup.settle();
      assert.equal(poll.text, '4a');
      poll.abort();
      await s.setup.settle();
      assert.equal(s.closed, undefined);
    });

    test('is not confirmed before the coordinator is sure to read it: a post waits for room in the inbox', async (s) => {
      const { setup } = s;
      const neighbour = setup.connect(OWNER) as Client;
      await setup.settle();
      const said: string[] = [];
      while ((setup.io[OWNER] as { isBackedUp: boolean }).isBackedUp === false) {
        said.push(`${said.length}:${'e'.repeat(500)}`);
        setup.say(neighbour, said.at(-1) as string);
        setup.settleBlocked();
      }
      const post = s.post('4queued');
      assert.equal(post.reply, undefined);
      await setup.settle();
      assert.equal(post.text, 'ok');
      assert.deepEqual(s.messages, ['queued']);
      assert.deepEqual(neighbour.messages, said);
    });
  });
}

describe('a request that another thread passes on', () => {
  it('ends the session when the answer to its poll finds no client', async () => {
    const s = await open(1);
    const poll = s.poll();
    s.setup.app.send(s.session, ['lost'], 0);
    s.setup.stepCoordinator();
    s.setup.stepIo(OWNER); // the answer is on the lane
    poll.abort();
    await s.setup.settle();
    assert.deepEqual(s.closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_ABORTED]);
    s.setup.close();
  });

  it('ends the session when its thread dies with the answer', async () => {
    const s = await open(1);
    s.poll();
    s.setup.app.send(s.session, ['lost'], 0);
    s.setup.stepCoordinator();
    s.setup.stepIo(OWNER);
    s.setup.crash(1);
    await s.setup.settle();
    assert.deepEqual(s.closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_POLL_ABORTED]);
    s.setup.close();
  });

  it('does not end the session when its thread dies after the answer was delivered', async () => {
    const s = await open(1);
    const poll = s.poll();
    s.send('arrived');
    assert.equal(poll.text, '4arrived');
    s.setup.crash(1);
    await s.setup.settle();
    assert.equal(s.closed, undefined);
    s.setup.close();
  });

  for (const what of ['poll', 'post'] as const) {
    it(`ends the session when its thread dies with an open ${what}`, async () => {
      const s = await open(1);
      s[what]();
      s.setup.crash(1);
      await s.setup.settle();
      const detail = what === 'poll' ? DESCRIPTION_POLL_ABORTED : DESCRIPTION_POST_ABORTED;
      assert.deepEqual(s.closed, [REASON_TRANSPORT_ERROR, detail]);
      s.setup.close();
    });

    it(`is told that the session is unknown when the owner dies with an open ${what}`, async () => {
      const s = await open(1);
      const exchange = s[what]();
      s.setup.crash(OWNER);
      await s.setup.settle();
      assert.equal(exchange.text, '{"code":1,"message":"Session ID unknown"}');
      assert.deepEqual(s.closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_THREAD_LOST]);
      s.setup.close();
    });

    it(`is told that the session is unknown when a ${what} comes between the owner's death and its return`, async () => {
      const s = await open(1);
      s.setup.crash(OWNER);
      await s.setup.settle();
      const exchange = s[what]();
      assert.equal(exchange.text, '{"code":1,"message":"Session ID unknown"}');
      s.setup.restart(OWNER);
      assert.equal(s[what]().text, '{"code":1,"message":"Session ID unknown"}');
      s.setup.close();
    });
  }
});
