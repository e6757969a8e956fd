/**
 * Hundreds of stock clients that upgrade at random moments, on any I/O thread, while the server broadcasts and they emit:
 * a model says what each must get and in which order. BROADSIDE_SEED repeats the choices, not the moments.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ClientHost } from '../support/child.ts';
import { Random, SEED } from '../support/random.ts';
import { createServer } from '../support/server.ts';
import { type EventSource, PATIENCE_MS } from '../support/wait-for.ts';
import { soakFactor } from './soak-server.ts';
import type { StormReport, StormRequest } from './storm-host.ts';

const CLIENTS = 300;
const EMIT_EVERY_MS = 4;
const ROUNDS = soakFactor;

interface Due {
  readonly numbers: number[];
  heard: number;
  readonly conn: Conn;
}

/** The parts of a connection that the published types do not show, with a count of its upgrades. */
interface Conn extends EventSource {
  upgrades?: number;
}

async function storm(random: Random): Promise<{ due: Map<number, Due>; reports: readonly StormReport[] }> {
  const server = await createServer({ ioThreads: 3 });
  const host = new ClientHost<StormRequest, StormReport[]>(new URL('storm-host.ts', import.meta.url));
  const due = new Map<number, Due>();
  const faults: string[] = [];
  let number = 0;
  let broadcasts: NodeJS.Timeout | undefined;
  try {
    // Counted from the beginning: a client may upgrade before its CONNECT has come.
    (server.io.engine as EventSource).on('connection', (conn: Conn) => {
      conn.on('upgrade', () => {
        conn.upgrades = (conn.upgrades ?? 0) + 1;
      });
    });
    server.io.on('connection', (socket) => {
      const key = Number(socket.handshake.query.key);
      const own: Due = { numbers: [], heard: 0, conn: socket.conn as unknown as Conn };
      due.set(key, own);
      socket.join(`room ${key % 7}`);
      socket.on('m', (n: number) => {
        if (n !== ++own.heard) faults.push(`client ${key}: message ${n} came as number ${own.heard}`);
        if (n % 4 !== 0) return;
        own.numbers.push(++number); // now and then an answer of its own
        socket.emit('n', number);
      });
      socket.on('last', (n: number, answer: () => void) => {
        if (n !== own.heard) faults.push(`client ${key}: ${own.heard} of ${n} messages came`);
        answer();
      });
      socket.on('disconnect', (reason) => faults.push(`client ${key}: ${reason}`));
    });
    broadcasts = setInterval(() => {
      number++;
      if (random.chance(0.5)) {
        for (const { numbers } of due.values()) numbers.push(number);
        server.io.emit('n', number);
      } else {
        const room = random.below(7);
        for (const [key, { numbers }] of due) if (key % 7 === room) numbers.push(number);
        server.io.to(`room ${room}`).emit('n', number, random.chance(0.1) ? 'y'.repeat(2000) : '');
      }
    }, EMIT_EVERY_MS);
    await host.request({ kind: 'start', port: server.port, clients: CLIENTS, seed: random.next() }, 'the arrival');
    await everyone(due);
    clearInterval(broadcasts);
    await host.request({ kind: 'stop' }, 'the last message');
    // The answers to `last` came behind everything else.
    const reports = await host.request({ kind: 'report' }, 'the report');
    assert.deepEqual(faults.slice(0, 20), []);
    server.io.removeAllListeners();
    return { due, reports };
  } finally {
    clearInterval(broadcasts);
    await host.close();
    await server.close();
  }
}

/** Resolves once every client has upgraded. */
async function everyone(due: ReadonlyMap<number, Due>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const left = [...due].filter(([, { conn }]) => conn.upgrades === undefined);
    if (due.size === CLIENTS && left.length === 0) return;
    const keys = left.map(([key]) => key).join(', ');
    assert.ok(performance.now() < deadline, `${due.size} clients came, without an upgrade: ${keys}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

for (let round = 0; round < ROUNDS; round++) {
  it(`${CLIENTS} clients upgrade under traffic both ways and miss nothing, round ${round}`, async (t) => {
    t.diagnostic(`BROADSIDE_SEED=${SEED}`);
    const { due, reports } = await storm(new Random(SEED + round));
    assert.equal(reports.length, CLIENTS);
    let predicted = 0;
    for (const { key, numbers, transport, ending } of reports) {
      const own = due.get(key) as Due;
      assert.equal(ending, '', `client ${key} lost a connection`);
      assert.equal(transport, 'websocket');
      assert.equal(own.conn.upgrades, 1);
      assert.deepEqual(numbers, own.numbers, `client ${key}`);
      predicted += own.numbers.length;
    }
    assert.ok(predicted > CLIENTS * 50, 'the storm was too quiet to show anything');
    t.diagnostic(`${predicted} deliveries predicted and received`);
  });
}
