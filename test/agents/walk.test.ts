/** A seeded walk over all agents on one thread, compared with a model of sets and lists. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Targets } from '../../core/agents/link.ts';
import type { RowNumber } from '../../core/session/ids.ts';
import { DESCRIPTION_THREAD_LOST, REASON_FORCED_CLOSE } from '../../core/session/reasons.ts';
import { STATE_BURIED } from '../../core/shm/control.ts';
import { FIRST_IO_THREAD } from '../../core/shm/layout.ts';
import { type Client, OneThread } from '../support/one-thread.ts';
import { Random, SEED } from '../support/random.ts';

const STEPS = 6000;
const ROOMS = 6;
const LARGE = 'L'.repeat(66_000);

const brief = (text: string): string => text.slice(0, 8);

/** Who is in which room by the order of the app's calls, and what each client is due and has said. */
class Model {
  readonly rooms = Array.from({ length: ROOMS }, () => new Set<Client>());
  readonly due = new Map<Client, string[]>();
  readonly closing = new Set<Client>();
  /** What each client said. */
  readonly said = new Map<Client, string[]>();

  known(clients: readonly Client[]): Client[] {
    return clients.filter((client) => client.session > 0 && client.closed === undefined && !this.closing.has(client));
  }

  forgetClosed(clients: readonly Client[]): void {
    for (const client of clients) if (client.closed) for (const room of this.rooms) room.delete(client);
  }

  give(client: Client, text: string): void {
    if (this.closing.has(client)) return;
    const list = this.due.get(client) ?? [];
    list.push(text);
    this.due.set(client, list);
  }
}

for (const [ioThreads, batchRecords, clientsPerLook] of [
  [1, 64, 3],
  [2, 8, 1],
  [3, 2, 32],
]) {
  it(`every client gets what the model says, in call order, with ${ioThreads} I/O threads`, async () => {
    const random = new Random(SEED + ioThreads);
    const tuning = { ioThreads, batchRecords, maxConnections: 40, logBytes: 16_384, ringBytes: 32_768 };
    const setup = new OneThread(tuning, {}, clientsPerLook);
    const model = new Model();
    const rows = model.rooms.map(() => setup.app.allocateRow());
    let number = 0;

    for (let step = 0; step < STEPS; step++) {
      setup.msPerLook = random.pick([0, 2, 6]); // 6: a turn ends after its first clients, while others wait
      model.forgetClosed(setup.clients);
      const dice = random.below(100);
      const io = random.below(ioThreads);
      const open = setup.clients.filter((client) => client.socket.isOpen);
      if (dice < 10 && setup.io[io] !== undefined && open.length < 38) setup.connect(io);
      else if (dice < 13 && open.length > 0) random.pick(open).socket.hangUp();
      else if (dice < 16 && open.length > 0) speak(random.pick(open), `m${step}`);
      else if (dice < 55 && setup.pendingCommandBytes < 16_384) act();
      else if (dice < 70) setup.stepCoordinator();
      else if (dice < 85) setup.stepIo(io);
      else if (dice < 95) await setup.turnApp();
      else if (dice === 99 && random.chance(0.2) && setup.io[io] !== undefined) setup.crash(io);
      restartBuried();
    }
    setup.msPerLook = 0;
    await setup.settle();
    restartBuried();
    await setup.settle();

    let complete = 0;
    for (const client of setup.clients) {
      const due = model.due.get(client) ?? [];
      const { messages } = client.socket;
      const cut = client.closed !== undefined && client.closed[0] !== REASON_FORCED_CLOSE;
      const expected = cut ? due.slice(0, messages.length) : due;
      assert.deepEqual(messages.map(brief), expected.map(brief));
      assert.ok(
        messages.every((text, i) => text === expected[i]),
        'contents',
      );
      if (!cut && due.length > 0) complete++;
      const said = model.said.get(client) ?? [];
      const lost = client.closed?.[1] === DESCRIPTION_THREAD_LOST;
      assert.deepEqual(client.messages, lost ? said.slice(0, client.messages.length) : said);
      if (client.socket.isOpen) assert.equal(client.closed, undefined);
      else assert.ok(client.closed, 'the app is told of every end');
    }
    assert.ok(complete > 10, 'the walk reached clients that got everything');
    assert.equal(setup.pendingCommandBytes, 0);
    setup.close();

    function restartBuried(): void {
      for (let i = 0; i < ioThreads; i++) {
        if (setup.io[i] === undefined && setup.control.state(FIRST_IO_THREAD + i) === STATE_BURIED) setup.restart(i);
      }
    }

    function speak(client: Client, text: string): void {
      const said = model.said.get(client) ?? [];
      said.push(text);
      model.said.set(client, said);
      setup.say(client, text);
    }

    function act(): void {
      const known = model.known(setup.clients);
      if (known.length === 0) return;
      const client = random.pick(known);
      const room = random.below(ROOMS);
      const dice = random.below(20);
      const text = random.chance(0.05) ? `${number++}${LARGE}` : `${number++}:${'x'.repeat(random.below(300))}`;
      if (dice < 5) {
        setup.app.join(client.session, [rows[room]]);
        model.rooms[room].add(client);
      } else if (dice < 7) {
        setup.app.leave(client.session, [rows[room]]);
        model.rooms[room].delete(client);
      } else if (dice < 10) {
        setup.app.send(client.session, [text], 0);
        model.give(client, text);
      } else if (dice === 10 && random.chance(0.3)) {
        setup.app.closeSession(client.session, false);
        model.closing.add(client);
      } else {
        // The same few targets again and again: readers are then referred to the ones they kept.
        const some = random.chance(0.3) ? known.filter(() => random.chance(0.5)) : [];
        const except = random.chance(0.3) ? [client] : [];
        const exceptRooms = random.chance(0.2) ? [random.below(ROOMS)] : [];
        const from = random.chance(0.5) ? [0] : [room, random.below(ROOMS)];
        const targets: Targets = {
          rows: from.map((r): RowNumber => rows[r]),
          sessions: some.map(({ session }) => session),
          exceptRows: exceptRooms.map((r): RowNumber => rows[r]),
          exceptSessions: except.map(({ session }) => session),
        };
        setup.app.broadcast(targets, [text], 0);
        const due = new Set(some);
        for (const r of from) for (const member of model.rooms[r]) due.add(member);
        for (const r of exceptRooms) for (const member of model.rooms[r]) due.delete(member);
        for (const one of except) due.delete(one);
        for (const member of due) model.give(member, text);
      }
    }
  });
}
