/**
 * A client that polls and then upgrades, as the stock one does it, one small step at a time: a test chooses the order of
 * its steps, and the I/O thread that each of its requests meets. It records what it gets in the order it gets it.
 */
import assert from 'node:assert/strict';
import type { SocketOwner } from '../../core/agents/io/web-socket-handle.ts';
import type { SessionNumber } from '../../core/session/ids.ts';
import { decodePayloadV3 } from '../../core/wire/payload-v3.ts';
import { decodePayloadV4 } from '../../core/wire/payload-v4.ts';
import type { FakeExchange } from './fake-exchange.ts';
import type { FakeSocket } from './fake-socket.ts';
import type { OneThread } from './one-thread.ts';
import type { Peer, Upgrading } from './peers.ts';

/** POLLING → PROBING (WebSocket asked for) → PAUSING (waits for open requests) → LIVE. */
export type Phase = 'polling' | 'probing' | 'pausing' | 'live';

const LIMITS = { maxPackets: 10_000 };

export class Roamer implements Peer {
  readonly sid: string;
  readonly revision: 3 | 4;
  session = 0 as SessionNumber;
  readonly messages: (string | Buffer)[] = [];
  upgradedAt: number | undefined;
  closed: readonly [number, number] | undefined;

  phase: Phase = 'polling';
  /** Messages and pings in the order they came. */
  readonly received: string[] = [];
  readonly said: string[] = [];
  pings = 0;
  /** Why the client thinks it is over; undefined while it does not. */
  over: string | undefined;
  poll: FakeExchange | undefined;
  post: FakeExchange | undefined;
  upgrading: Upgrading | undefined;
  /** Thread of the WebSocket. */
  socketIo = -1;
  readonly #setup: OneThread;
  #bodyDue: string | undefined;
  #waiting: string[] = [];
  #framesRead = 0;

  constructor(setup: OneThread, io: number, revision: 3 | 4 = 4) {
    this.#setup = setup;
    this.revision = revision;
    const first = setup.http(io, { query: { transport: 'polling', EIO: `${revision}` } });
    const [open] = this.#decode(first);
    assert.equal(open.type, 0);
    this.sid = JSON.parse(Buffer.from(open.data).toString()).sid;
    setup.expect(this);
  }

  get query(): Record<string, string> {
    return { transport: 'polling', EIO: `${this.revision}`, sid: this.sid };
  }

  /** Queues a message; it leaves with a later step. */
  say(text: string): void {
    if (this.over !== undefined) return;
    this.said.push(text);
    this.#send(`4${text}`);
  }

  /** Revision 3 clients ping. */
  ping(): void {
    this.#send('2');
  }

  /** Asks for a WebSocket on a thread. */
  upgrade(io: number): void {
    this.phase = 'probing';
    this.socketIo = io;
    this.#framesRead = 0;
    this.upgrading = this.#setup.upgrade(io, { ...this.query, transport: 'websocket' });
  }

  /**
   * One step of the client, if it has one to take: reads an answer or a frame, starts a request, sends a body.
   *
   * @param io thread that a request would meet
   */
  step(io: number, kind: number): void {
    if (this.over !== undefined) return;
    switch (kind % 4) {
      case 0:
        this.#stepPoll(io);
        break;
      case 1:
        this.#stepPost(io);
        break;
      case 2:
        if (this.#bodyDue !== undefined && this.post?.receiver !== undefined) {
          const body = this.#bodyDue;
          this.#bodyDue = undefined;
          this.post.sendBody(body);
        }
        break;
      default:
        this.#stepSocket();
    }
    this.#maySwitch();
  }

  /** The WebSocket breaks, from the client's side. */
  hangUp(): void {
    this.socket?.hangUp();
  }

  /** The connections of an I/O thread are cut: open requests fail, and a WebSocket closes. */
  threadDied(io: number): void {
    for (const exchange of [this.poll, this.post]) {
      if (exchange?.io === io && exchange.reply === undefined) this.over ??= 'connection lost';
    }
    if (this.upgrading === undefined || this.socketIo !== io) return;
    if (this.socket === undefined) this.upgrading.refused = 0;
    else this.socket.isOpen = false;
  }

  /** The client aborts one of its requests, unless it has the answer: with that it gives the session up. */
  abort(exchange: FakeExchange | undefined): void {
    if (exchange === undefined || exchange.reply !== undefined) return;
    exchange.abort();
    this.over ??= 'aborted';
  }

  get socket(): FakeSocket | undefined {
    return this.upgrading?.socket;
  }

  get owner(): SocketOwner {
    return this.upgrading?.owner as SocketOwner;
  }

  /** A frame on the WebSocket, as it is. */
  frame(text: string): void {
    const agent = this.#setup.io[this.socketIo];
    if (agent === undefined || !this.socket?.isOpen) return;
    agent.frame(this.owner, Buffer.from(text), false);
  }

  /** True when nothing of its own is under way. */
  get isIdle(): boolean {
    const frames = this.socket?.frames.length ?? 0;
    const answered = this.poll?.reply !== undefined || this.post?.reply !== undefined;
    return !answered && this.#waiting.length === 0 && this.#bodyDue === undefined && this.#framesRead === frames;
  }

  /** False when no `step` would change anything before something else happens. */
  get canStep(): boolean {
    if (this.over !== undefined) return false;
    const { phase, poll, post, upgrading } = this;
    if (phase === 'pausing' && poll === undefined && post === undefined) return true;
    const mayAsk = phase === 'polling' || phase === 'probing';
    if (poll === undefined ? mayAsk : poll.reply !== undefined) return true;
    if (post === undefined) {
      if (mayAsk && this.#waiting.length > 0) return true;
    } else if (post.reply !== undefined || (this.#bodyDue !== undefined && post.receiver !== undefined)) return true;
    if (upgrading?.refused !== undefined) return true;
    if (upgrading?.socket === undefined) return false;
    const { frames, isOpen } = upgrading.socket;
    return this.#framesRead < frames.length || !isOpen || (phase === 'probing' && frames.length === 0);
  }

  /** A post is open whose body has not been sent. */
  get owesBody(): boolean {
    return this.#bodyDue !== undefined;
  }

  /** Where the client stands, as text. */
  get standing(): string {
    const of = (exchange: FakeExchange | undefined): string =>
      exchange === undefined ? 'none' : exchange.reply === undefined ? 'open' : `${exchange.reply.status}`;
    const due = this.#bodyDue === undefined ? '' : this.post?.receiver === undefined ? 'due' : 'ready';
    const { received, said, messages } = this;
    const counts = [received, said, messages, this.#waiting].map(({ length }) => length);
    const frames = `${this.#framesRead}/${this.socket?.frames.length ?? 'no'}`;
    return `${this.phase} poll ${of(this.poll)} post ${of(this.post)}${due} frames ${frames} messages ${counts}`;
  }

  #send(packet: string): void {
    if (this.phase === 'live') this.frame(packet);
    else this.#waiting.push(packet);
  }

  #stepPoll(io: number): void {
    if (this.poll === undefined) {
      if (this.phase === 'live' || this.phase === 'pausing' || this.#setup.io[io] === undefined) return;
      this.poll = this.#setup.http(io, { query: this.query });
      return;
    }
    const { reply } = this.poll;
    if (reply === undefined) return;
    const packets = reply.status === 200 ? this.#decode(this.poll) : [];
    this.poll = undefined;
    if (reply.status !== 200) this.over = `poll answered ${reply.status} ${reply.body ?? ''}`;
    for (const packet of packets) this.#packet(packet);
  }

  #stepPost(io: number): void {
    if (this.post === undefined) {
      if (this.phase !== 'polling' && this.phase !== 'probing') return;
      if (this.#waiting.length === 0 || this.#setup.io[io] === undefined) return;
      const packets = this.#waiting.splice(0);
      this.#bodyDue =
        this.revision === 4 ? packets.join('\x1e') : packets.map((packet) => `${packet.length}:${packet}`).join('');
      this.post = this.#setup.http(io, { query: this.query, method: 'POST' });
      return;
    }
    const { reply } = this.post;
    if (reply === undefined) return;
    this.post = undefined;
    this.#bodyDue = undefined;
    if (reply.status !== 200) this.over = `post answered ${reply.status} ${reply.body ?? ''}`;
  }

  #stepSocket(): void {
    const { upgrading } = this;
    if (upgrading === undefined) return;
    if (upgrading.refused !== undefined) {
      this.#fallBack();
      return;
    }
    const { socket } = upgrading;
    if (socket === undefined) return;
    if (this.phase === 'probing' && this.#framesRead === 0 && socket.frames.length === 0) {
      if (socket.isOpen) this.frame('2probe');
      else this.#fallBack();
      return;
    }
    const frame = socket.frames[this.#framesRead];
    if (frame === undefined) {
      if (socket.isOpen) return;
      if (this.phase === 'live') this.over = 'WebSocket closed';
      else this.#fallBack();
      return;
    }
    this.#framesRead++;
    const text = frame.bytes.toString();
    if (this.phase !== 'probing') {
      assert.equal(this.phase, 'live', `"${text}" before the client switched`);
      const type = frame.isBinary ? 4 : Number(text[0]);
      this.#packet({ type, data: frame.isBinary ? frame.bytes : frame.bytes.subarray(1) });
      return;
    }
    assert.equal(text, '3probe');
    this.phase = 'pausing';
  }

  /** The stock client switches once its open requests are through. */
  #maySwitch(): void {
    if (this.phase !== 'pausing' || this.poll !== undefined || this.post !== undefined) return;
    if (this.over !== undefined) return;
    if (!this.socket?.isOpen) {
      this.#fallBack();
      return;
    }
    this.phase = 'live';
    this.frame('5');
    for (const packet of this.#waiting.splice(0)) this.frame(packet);
  }

  #fallBack(): void {
    this.phase = 'polling';
    this.upgrading = undefined;
  }

  #packet({ type, data }: { readonly type: number; readonly data: Uint8Array }): void {
    if (type === 1) this.over = 'closed by the server';
    else if (type === 4) this.received.push(Buffer.from(data).toString());
    else if (type === 2) {
      this.pings++;
      this.#send('3');
    }
  }

  #decode(exchange: FakeExchange): readonly { readonly type: number; readonly data: Uint8Array }[] {
    const isBinary = exchange.reply?.contentType === 'application/octet-stream';
    const { bytes } = exchange;
    const payload = this.revision === 4 ? decodePayloadV4(bytes, LIMITS) : decodePayloadV3(bytes, isBinary, LIMITS);
    assert.ok(payload.valid, `a damaged payload: ${exchange.text}`);
    return payload.packets;
  }
}
