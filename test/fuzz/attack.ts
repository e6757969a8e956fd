/**
 * One hostile client: opens a connection, sends seeded nonsense at some layer, ends. Test processes run it.
 * Whatever the server answers is right; it must only go on serving others.
 */
import { text } from '../compat/frame-bytes.ts';
import { RawConnection } from '../compat/raw-connection.ts';
import type { Random } from '../support/random.ts';
import { mutate, randomBytes, randomFrame } from './mutate.ts';
import { deflatedFrames, finish, msgpackPackets, posts, upgradeHead, upgrades } from './session-attacks.ts';

const HEADS: readonly Buffer[] = [
  upgradeHead('EIO=4'),
  upgradeHead('EIO=3'),
  Buffer.from('GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n'),
  Buffer.from('GET /socket.io/?EIO=3&transport=polling&j=0 HTTP/1.1\r\nHost: localhost\r\nOrigin: https://a.b\r\n\r\n'),
  Buffer.from(
    'POST /socket.io/?EIO=4&transport=polling&sid=abc HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n40',
  ),
  Buffer.from('OPTIONS /socket.io/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
];

type Attack = (random: Random, port: number) => Promise<void>;

/** Sends in pieces, so that parsers stop at any byte; then ends and waits for the server to do so too. */
async function leave(random: Random, connection: RawConnection, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const to = random.chance(0.7) ? bytes.length : at + 1 + random.below(bytes.length - at);
    connection.write(bytes.subarray(at, to));
    at = to;
    if (at < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
  if (random.chance(0.2)) {
    connection.reset();
    return;
  }
  await finish(connection);
}

/** Opens a session over WebSocket; `joined` also joins `/`. */
async function open(random: Random, port: number, joined: boolean): Promise<RawConnection> {
  const revision = random.pick([3, 4]);
  const connection = new RawConnection(port);
  connection.write(upgradeHead(`EIO=${revision}`));
  await connection.response();
  if (joined) {
    if (revision === 4) connection.write(text('40'));
    await connection.frame();
    await connection.frame();
  }
  return connection;
}

const bytes: Attack = (random, port) => leave(random, new RawConnection(port), randomBytes(random, 2000));

const head: Attack = (random, port) => leave(random, new RawConnection(port), mutate(random, random.pick(HEADS)));

const bytesAsFrames: Attack = async (random, port) =>
  leave(random, await open(random, port, random.chance(0.5)), randomBytes(random, 2000));

const frames: Attack = async (random, port) => {
  const content = Array.from({ length: random.between(1, 12) }, () => randomFrame(random));
  await leave(random, await open(random, port, random.chance(0.8)), Buffer.concat(content));
};

const damagedFrames: Attack = async (random, port) => {
  const content = Array.from({ length: random.between(1, 6) }, () => randomFrame(random));
  await leave(random, await open(random, port, random.chance(0.8)), mutate(random, Buffer.concat(content)));
};

/** What is thrown at every server, and what at that of a kind alone. */
const ATTACKS: readonly Attack[] = [bytes, head, bytesAsFrames, frames, damagedFrames, damagedFrames, posts, upgrades];
const OWN: Partial<Record<House, Attack>> = { deflate: deflatedFrames, msgpack: msgpackPackets };

const HOUSES = ['main', 'deflate', 'msgpack', 'attached'] as const;
/** The servers under attack, and one that is left alone. */
export type House = (typeof HOUSES)[number] | 'patient';

/** Resolves when the connection is over. */
export function attack(random: Random, portOf: (house: House) => number): Promise<void> {
  const house = random.pick(HOUSES);
  const own = OWN[house];
  const chosen = own !== undefined && random.chance(0.4) ? own : random.pick(ATTACKS);
  return chosen(random, portOf(house));
}
