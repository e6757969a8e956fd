/**
 * One hostile client: opens a connection, sends seeded nonsense at some layer, ends. Test processes run it.
 * Whatever the server answers is right; it must only go on serving others.
 */
import { text } from '../compat/frame-bytes.ts';
import { encodePayload } from '../compat/payload.ts';
import { RawConnection } from '../compat/raw-connection.ts';
import type { Random } from '../support/random.ts';
import { mutate, PACKETS, randomBytes, randomFrame } from './mutate.ts';

const upgradeHead = (revision: number): Buffer =>
  Buffer.from(
    `GET /socket.io/?EIO=${revision}&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );

const HEADS: readonly Buffer[] = [
  upgradeHead(4),
  upgradeHead(3),
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
  connection.end();
  await connection.drained();
}

/** Opens a session over WebSocket; `joined` also joins `/`. */
async function open(random: Random, port: number, joined: boolean): Promise<RawConnection> {
  const revision = random.pick([3, 4]);
  const connection = new RawConnection(port);
  connection.write(upgradeHead(revision));
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

/** Bodies for a polling session, where the server gives one. */
const posts: Attack = async (random, port) => {
  const revision = random.pick([3, 4] as const);
  const ask = async (request: Buffer): Promise<string> => {
    const connection = new RawConnection(port);
    connection.write(request);
    const response = await connection.response();
    connection.destroy();
    return response?.body.toString() ?? '';
  };
  const url = `/socket.io/?EIO=${revision}&transport=polling`;
  const opened = await ask(Buffer.from(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
  const sid = /"sid":"([^"]+)"/.exec(opened)?.[1] ?? 'none';
  for (let left = random.between(1, 4); left > 0; left--) {
    const packets = Array.from({ length: random.between(1, 5) }, () => random.pick(PACKETS));
    const body = mutate(random, Buffer.from(encodePayload(revision, packets)));
    const type = random.pick(['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded']);
    const lines = [
      `POST ${url}&sid=${sid} HTTP/1.1`,
      'Host: localhost',
      `Content-Type: ${type}`,
      `Content-Length: ${body.length}`,
    ];
    await ask(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]));
  }
  await ask(Buffer.from(`POST ${url}&sid=${sid} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1`));
};

const ATTACKS: readonly Attack[] = [bytes, head, bytesAsFrames, frames, frames, damagedFrames, damagedFrames, posts];

/** Resolves when the connection is over. */
export function attack(random: Random, port: number): Promise<void> {
  return random.pick(ATTACKS)(random, port);
}
