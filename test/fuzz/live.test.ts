/**
 * A live server under seeded nonsense: it survives, serves a well-behaved client all the while, and its memory comes back.
 * `BROADSIDE_FUZZ_MS` sets how long, in milliseconds; `BROADSIDE_SEED` repeats the clients of a run, each by its number.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Bystander } from '../compat/bystander.ts';
import { frame } from '../compat/frame-bytes.ts';
import { RawConnection } from '../compat/raw-connection.ts';
import { ServerProcess } from '../compat/server-process.ts';
import { Random, SEED } from '../support/random.ts';
import { attack } from './attack.ts';

const FUZZ_MS = Number(process.env.BROADSIDE_FUZZ_MS ?? 10_000);
const AT_ONCE = 16;
/** Attacks between two looks at the bystander. */
const ROUND = 64;
/** What the allocator may keep from one half of the run to the other, where nothing is kept by the server. */
const SLACK_BYTES = 48 * 1024 * 1024;

describe(`nonsense, seed ${SEED},`, () => {
  const server = new ServerProcess('broadside');
  let port: number;
  let bystander: Bystander;
  let attacks = 0;

  before(async () => {
    await server.ready();
    port = server.port('main');
    bystander = await Bystander.join(port, 4);
  });

  after(async () => {
    bystander.close();
    await server.close();
  });

  /** Each client has a seed of its own, so that how they interleave does not change what they send. */
  async function round(): Promise<void> {
    const last = attacks + ROUND;
    const worker = async (): Promise<void> => {
      while (attacks < last) await attack(new Random(SEED + attacks++), port);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await bystander.echo();
  }

  async function roundsFor(ms: number): Promise<void> {
    for (const end = performance.now() + ms; performance.now() < end; ) await round();
    await server.report('', 0, false); // what the application noted of them would look like a leak
  }

  it('on every layer at once leaves the server, its other client and its memory as they were', async (t) => {
    await roundsFor(FUZZ_MS / 2);
    const level = await server.memory();
    await roundsFor(FUZZ_MS / 2);
    const growth = (await server.memory()) - level;
    t.diagnostic(`${attacks} clients; memory changed by ${growth} bytes in the second half, from ${level}`);
    assert.ok(server.alive);
    assert.ok(growth < SLACK_BYTES, `memory grew by ${growth} bytes in the second half`);
  });

  it('in a million fragments of one byte that never end pins little memory', async (t) => {
    const connections = Array.from({ length: 100 }, () => new RawConnection(port));
    const level = await server.memory();
    const one = frame({ opcode: 0, fin: false, payload: 'x' });
    const fragments = Buffer.concat([
      frame({ opcode: 1, fin: false, payload: '4' }),
      ...Array.from({ length: 10_000 }, () => one),
      frame({ opcode: 9, payload: 'settled' }),
    ]);
    await Promise.all(
      connections.map(async (connection) => {
        connection.write(
          'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n' +
            'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
        );
        assert.equal((await connection.response())?.status, 101);
        connection.write(fragments);
        // The open packet, and the pong that says that all fragments were read; or the end, should they be refused.
        const opened = await connection.frame();
        if (opened !== undefined) await connection.frame();
      }),
    );
    const growth = (await server.memory()) - level;
    t.diagnostic(`memory changed by ${growth} bytes`);
    for (const connection of connections) connection.destroy();
    await bystander.echo();
    assert.ok(growth < SLACK_BYTES, `memory grew by ${growth} bytes`);
  });
});
