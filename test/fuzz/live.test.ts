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
import { attack, type House } from './attack.ts';

const FUZZ_MS = Number(process.env.BROADSIDE_FUZZ_MS ?? 12_000);
const AT_ONCE = 16;
/** Attacks between two looks at the bystander. */
const ROUND = 64;
/** The run has so many parts of equal work; the first warms the server up. */
const PARTS = 4;
/** What the allocator may keep of the work of a part now and then; a leak keeps more of every part. */
const SLACK_BYTES = 12 * 1024 * 1024;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe(`nonsense, seed ${SEED},`, () => {
  const server = new ServerProcess<House>('broadside', new URL('./server-program.ts', import.meta.url));
  /** They speak JSON. */
  const bystanders: Bystander[] = [];
  const portOf = (house: House): number => server.port(house);
  let attacks = 0;

  before(async () => {
    await server.ready();
    for (const house of ['main', 'deflate', 'attached'] as const)
      bystanders.push(await Bystander.join(portOf(house), 4));
  });

  after(async () => {
    for (const bystander of bystanders) bystander.close();
    await server.close();
  });

  const echoes = async (): Promise<void> => {
    await Promise.all(bystanders.map((bystander) => bystander.echo()));
  };

  /** Each client has a seed of its own, so that how they interleave does not change what they send. */
  async function round(): Promise<void> {
    const last = attacks + ROUND;
    const worker = async (): Promise<void> => {
      while (attacks < last) await attack(new Random(SEED + attacks++), portOf);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    await echoes();
  }

  /** Size of the server when nobody but the bystanders is left; they go on talking while the others time out. */
  async function levelNow(): Promise<number> {
    let level: number | undefined;
    const reported = server.memory(bystanders.length).then((bytes) => {
      level = bytes;
    });
    while (level === undefined) await Promise.race([reported, echoes().then(() => nextTurn())]);
    return level;
  }

  it('on every layer at once leaves the server, its other clients and its memory as they were', async (t) => {
    const end = performance.now() + FUZZ_MS / PARTS;
    let rounds = 0;
    for (; performance.now() < end; rounds++) await round();
    const levels = [await levelNow()];
    while (levels.length < PARTS) {
      for (let i = 0; i < rounds; i++) await round();
      levels.push(await levelNow());
    }
    const growth = Math.min(...levels.slice(2).map((level, i) => level - levels[i + 1]));
    t.diagnostic(`${attacks} clients; levels ${levels.map((level) => (level / 2 ** 20).toFixed(1)).join(', ')} MiB`);
    assert.ok(server.alive);
    assert.ok(growth < SLACK_BYTES, `memory grew by ${growth} bytes and more in every part`);
  });

  it('in a million fragments of one byte that never end pins little memory', async (t) => {
    const connections = Array.from({ length: 100 }, () => new RawConnection(portOf('patient')));
    const level = await levelNow();
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
    await echoes();
    assert.ok(growth < SLACK_BYTES, `memory grew by ${growth} bytes`);
  });
});
