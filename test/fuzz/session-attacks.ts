/**
 * Nonsense that needs a live session: JSONP bodies, upgrades of a session that polls, compressed and MessagePack frames.
 * Test processes run it. As with any other attack, whatever the server answers is right.
 */
import { deflateRawSync } from 'node:zlib';
import { MsgpackEncoder } from '../../core/api/msgpack-parser.ts';
import { binary, frame, text } from '../compat/frame-bytes.ts';
import { encodePayload } from '../compat/payload.ts';
import { RawConnection } from '../compat/raw-connection.ts';
import type { Random } from '../support/random.ts';
import { mutate, PACKETS, randomFrame } from './mutate.ts';

type Revision = 3 | 4;

export const upgradeHead = (query: string, extensions = ''): Buffer =>
  Buffer.from(
    `GET /socket.io/?${query}&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n` +
      'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n' +
      `${extensions === '' ? '' : `Sec-WebSocket-Extensions: ${extensions}\r\n`}\r\n`,
  );

const getRequest = (url: string): Buffer => Buffer.from(`GET ${url} HTTP/1.1\r\nHost: localhost\r\n\r\n`);

function postRequest(url: string, type: string, body: Buffer): Buffer {
  const lines = [`POST ${url} HTTP/1.1`, 'Host: localhost', `Content-Type: ${type}`, `Content-Length: ${body.length}`];
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body]);
}

/** A polling session, each request of which comes in on whatever thread has its turn. */
export class Victim {
  readonly revision: Revision;
  readonly #port: number;
  readonly url: string;

  private constructor(port: number, revision: Revision, url: string) {
    this.#port = port;
    this.revision = revision;
    this.url = url;
  }

  /** @param jsonp with `j` in the query of every request */
  static async open(random: Random, port: number, jsonp = false): Promise<Victim> {
    const revision = random.pick([3, 4] as const);
    const url = `/socket.io/?EIO=${revision}&transport=polling${jsonp ? '&j=0' : ''}`;
    const opened = await ask(port, getRequest(url));
    const sid = /\\?"sid\\?":\\?"([^"\\]+)/.exec(opened)?.[1] ?? 'none';
    return new Victim(port, revision, `${url}&sid=${sid}`);
  }

  post(type: string, body: Buffer): Promise<string> {
    return ask(this.#port, postRequest(this.url, type, body));
  }

  /** Begins a poll; the rest is the caller's. */
  poll(): RawConnection {
    const connection = new RawConnection(this.#port);
    connection.write(getRequest(this.url));
    return connection;
  }

  /** A WebSocket that asks for the session. */
  upgrade(head: Buffer): RawConnection {
    const connection = new RawConnection(this.#port);
    connection.write(head);
    return connection;
  }

  /** Closes the session if it still is, and takes what it has left behind for a last poll. */
  async leave(): Promise<void> {
    const jsonp = this.url.includes('&j=');
    const packet = this.revision === 3 ? '1:1' : '1';
    await this.post('text/plain', Buffer.from(jsonp ? `d=${packet}` : packet));
    await ask(this.#port, getRequest(this.url));
  }
}

async function ask(port: number, request: Buffer): Promise<string> {
  const connection = new RawConnection(port);
  connection.write(request);
  const response = await connection.response();
  connection.destroy();
  return response?.body.toString() ?? '';
}

/** Ends the connection and waits for the server to do so too. */
export async function finish(connection: RawConnection): Promise<void> {
  connection.end();
  await connection.drained();
  connection.destroy();
}

const TYPES = ['text/plain', 'application/octet-stream', 'application/x-www-form-urlencoded'];

/** Bodies for a polling session, plain or in a form, good and damaged. */
export async function posts(random: Random, port: number): Promise<void> {
  const jsonp = random.chance(0.4);
  const victim = await Victim.open(random, port, jsonp);
  for (let left = random.between(1, 4); left > 0; left--) {
    const packets = Array.from({ length: random.between(1, 5) }, () => random.pick(PACKETS));
    const payload = encodePayload(victim.revision, packets);
    const body = Buffer.from(jsonp ? `d=${encodeURIComponent(payload)}` : payload);
    await victim.post(random.pick(TYPES), random.chance(0.3) ? body : mutate(random, body));
  }
  await victim.leave();
}

/** A session that polls and is asked for by WebSockets, whose frames are good or not, while polls are held or broken off. */
export async function upgrades(random: Random, port: number): Promise<void> {
  const victim = await Victim.open(random, port);
  if (victim.revision === 4) await victim.post('text/plain', Buffer.from('40'));
  const poll = random.chance(0.7) ? victim.poll() : undefined;
  const query = victim.url.slice(victim.url.indexOf('?') + 1).replace('&transport=polling', '');
  const head = upgradeHead(random.chance(0.1) ? query.replace(/EIO=./, 'EIO=5') : query);
  const sockets = [victim.upgrade(random.chance(0.1) ? mutate(random, head) : head)];
  if (random.chance(0.3)) sockets.push(victim.upgrade(head));
  for (const socket of sockets) {
    const sent = [random.chance(0.8) ? text('2probe') : randomFrame(random)];
    if (random.chance(0.7)) sent.push(text('5'));
    for (let left = random.below(4); left > 0; left--) sent.push(randomFrame(random));
    const bytes = Buffer.concat(sent);
    socket.write(random.chance(0.2) ? mutate(random, bytes) : bytes);
  }
  const post = random.chance(0.3) ? victim.post('text/plain', Buffer.from(random.pick(PACKETS))) : undefined;
  if (random.chance(0.3)) sockets.shift()?.reset();
  for (const connection of sockets) await finish(connection);
  if (random.chance(0.3)) poll?.reset();
  else poll?.destroy();
  await post;
  await victim.leave();
}

/** Frames that say they are compressed, and are, or not, or are far larger than they look. */
export async function deflatedFrames(random: Random, port: number): Promise<void> {
  const connection = new RawConnection(port);
  connection.write(upgradeHead('EIO=4', 'permessage-deflate; client_max_window_bits'));
  await connection.response();
  connection.write(text('40'));
  for (let left = random.between(1, 6); left > 0; left--) {
    const content = random.chance(0.1)
      ? Buffer.alloc(random.pick([19_000, 21_000, 10_000_000]), '4')
      : Buffer.from(random.pick(PACKETS));
    const packed = deflateRawSync(content, { finishFlush: 2 }).subarray(0, -4);
    const payload = random.chance(0.5) ? packed : mutate(random, packed);
    connection.write(
      frame({ opcode: random.pick([1, 1, 2]), rsv: random.chance(0.9) ? 4 : 0, fin: random.chance(0.9), payload }),
    );
  }
  await finish(connection);
}

const encoder = new MsgpackEncoder();

/** MessagePack packets, over a WebSocket and by post, good and damaged. */
export async function msgpackPackets(random: Random, port: number): Promise<void> {
  const packets = Array.from({ length: random.between(1, 6) }, () => {
    const data = random.pick<unknown>([
      ['a', { b: [1, 'é', Buffer.from('c')] }],
      ['again', [[[]]]],
      ['merge', { ['__proto__']: 1 }],
      {},
      'x',
    ]);
    const [bytes] = encoder.encode({
      type: random.pick([2, 2, 2, 3, 0, 1, 4]),
      nsp: random.pick(['/', '/chat']),
      data,
    } as never);
    return random.chance(0.4) ? Buffer.from(bytes) : mutate(random, Buffer.from(bytes));
  });
  const [join] = encoder.encode({ type: 0, nsp: '/', data: undefined } as never);
  if (random.chance(0.5)) {
    const victim = await Victim.open(random, port);
    const bodies = [join, ...packets].map(
      (bytes) => `b${victim.revision === 3 ? '4' : ''}${Buffer.from(bytes).toString('base64')}`,
    );
    await victim.post('text/plain', Buffer.from(encodePayload(victim.revision, bodies)));
    await victim.leave();
    return;
  }
  const connection = new RawConnection(port);
  connection.write(upgradeHead('EIO=4'));
  await connection.response();
  for (const bytes of [join, ...packets]) connection.write(binary(bytes));
  await finish(connection);
}
