/** What clients send: order, copies, large payloads, and the budget of an I/O thread while nobody reads. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MAX_POSTED_BYTES, MAX_QUEUED_BYTES } from '../../core/agents/io/inbox-writer.ts';
import { DESCRIPTION_INBOUND_LIMIT, REASON_TRANSPORT_ERROR } from '../../core/session/reasons.ts';
import { counterIndex } from '../../core/shm/control.ts';
import { COORDINATOR_THREAD, FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { type Client, OneThread } from '../support/one-thread.ts';

const QUEUED_BYTES = counterIndex('queuedBytes');

async function withClients(count: number, ringBytes = 65_536): Promise<{ setup: OneThread; clients: Client[] }> {
  const setup = new OneThread({ ioThreads: 1, ringBytes });
  const clients = Array.from({ length: count }, () => setup.connect(0) as Client);
  await setup.settle();
  return { setup, clients };
}

/** The client sends until it is closed or `bytes` have gone out; the app thread reads nothing. */
function flood(setup: OneThread, client: Client, text: string, bytes: number): string[] {
  const said: string[] = [];
  const queued = setup.control.counters(FIRST_IO_THREAD);
  for (let sent = 0; sent < bytes && client.socket.isOpen; sent += text.length) {
    said.push(`${said.length}:${text}`);
    setup.say(client, said.at(-1) as string);
    setup.settleBlocked();
    assert.ok(queued[QUEUED_BYTES] <= MAX_QUEUED_BYTES + MAX_POSTED_BYTES, 'the budget holds');
  }
  return said;
}

function assertPrefix(messages: readonly (string | Buffer)[], said: readonly string[]): void {
  assert.ok(messages.length > 0);
  assert.ok(messages.every((message, i) => message === said[i]));
}

describe('messages of clients', () => {
  it('reach the app in order, small ones and large ones mixed', async () => {
    const { setup, clients } = await withClients(1, 2 ** 20);
    const said = ['a', 'b'.repeat(70_000), 'c', 'd'.repeat(100_000), 'e'.repeat(65_535), ''];
    for (const text of said) setup.say(clients[0], text);
    await setup.settle();
    assert.deepEqual(clients[0].messages, said);
    setup.close();
  });

  it('become binary copies of their own, by revision and also from base64', async () => {
    const { setup, clients } = await withClients(1);
    const old = setup.connect(0, { revision: 3 }) as Client;
    setup.frame(clients[0], Buffer.from([1, 2, 3]), true);
    setup.frame(clients[0], Buffer.from('bAQID'), false);
    setup.frame(old, Buffer.from([4, 1, 2, 3]), true);
    setup.frame(old, Buffer.from('b4AQID'), false);
    await setup.settle();
    for (const client of [clients[0], old]) {
      assert.deepEqual(client.messages, [Buffer.from([1, 2, 3]), Buffer.from([1, 2, 3])]);
      for (const message of client.messages) assert.ok((message as Buffer).buffer instanceof ArrayBuffer);
    }
    setup.close();
  });

  for (const [what, text] of [
    ['small', 's'.repeat(8000)],
    ['large', 'l'.repeat(200_000)],
  ]) {
    it(`close the largest user of a full budget, one after the other, when they are ${what}`, async () => {
      const { setup, clients } = await withClients(3);
      const [first, second, bystander] = clients;
      const said = flood(setup, first, text, 4 * MAX_QUEUED_BYTES);
      assert.equal(first.socket.ended, 'dropped');
      const saidNext = flood(setup, second, text, 4 * MAX_QUEUED_BYTES);
      assert.equal(second.socket.ended, 'dropped');
      setup.say(bystander, 'patient');
      await setup.settle();
      for (const client of [first, second]) {
        assert.deepEqual(client.closed, [REASON_TRANSPORT_ERROR, DESCRIPTION_INBOUND_LIMIT]);
      }
      assertPrefix(first.messages, said);
      assert.ok(second.messages.every((message, i) => message === saidNext[i]));
      assert.deepEqual(bystander.messages, ['patient']);
      assert.equal(bystander.closed, undefined);
      setup.close();
    });
  }

  it('larger than the usual budget pass when the server allows them, two at a time', async () => {
    const setup = new OneThread({ ioThreads: 1 }, { maxHttpBufferSize: 2 * MAX_QUEUED_BYTES });
    const client = setup.connect(0) as Client;
    const other = setup.connect(0) as Client;
    await setup.settle();
    const texts = ['1', '2'].map((digit) => digit.repeat(MAX_QUEUED_BYTES + 1));
    for (const text of texts) setup.say(client, text);
    setup.say(other, 'small');
    await setup.settle();
    assert.equal(client.closed, undefined);
    assert.ok(texts.every((text, i) => client.messages[i] === text));
    assert.deepEqual(other.messages, ['small']);
    setup.close();
  });

  it('wake the coordinator; a tick of the clock that finds nothing does not', async () => {
    const { setup, clients } = await withClients(1);
    assert.ok(!setup.isAwake(COORDINATOR_THREAD));
    setup.tick(0);
    assert.ok(!setup.isAwake(COORDINATOR_THREAD));
    setup.say(clients[0], 'hello');
    assert.ok(setup.isAwake(COORDINATOR_THREAD));
    await setup.settle();
    assert.deepEqual(clients[0].messages, ['hello']);
    setup.close();
  });
});
