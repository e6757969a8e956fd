/**
 * What carries a session while it polls: packets that wait, and the requests that are open. Owned by one I/O thread.
 * The queue is neutral: packets are framed when a poll takes them, so that they can also move to a WebSocket.
 */
import type { Revision } from '../../wire/engine-packet.ts';
import { encodeJsonp } from '../../wire/jsonp.ts';
import type { OutPacket } from '../../wire/payload.ts';
import { encodePayloadV3 } from '../../wire/payload-v3.ts';
import { encodePayloadV4 } from '../../wire/payload-v4.ts';
import type { Exchange } from './exchange.ts';

export interface QueuedPacket extends OutPacket {
  /** May be compressed on its way. */
  readonly compress: boolean;
}

const TEXT = 'text/plain; charset=UTF-8';
const BINARY = 'application/octet-stream';
/** Bytes that a waiting packet costs besides its data. */
const PACKET_OVERHEAD_BYTES = 64;

const NO_DATA = new Uint8Array(0);

/** A packet without data: close, ping, pong, noop. */
export const controlPacket = (type: number): QueuedPacket => ({ type, binary: false, data: NO_DATA, compress: false });

export class PollingTransport {
  readonly sid: string;
  readonly revision: Revision;
  /** Takes binary payloads (revision 3 only). */
  readonly binary: boolean;
  /** The POST whose body is still coming. */
  post: Exchange | undefined;
  #queue: QueuedPacket[] = [];
  #bytes = 0;
  #poll: Exchange | undefined;
  #jsonp: string | undefined;

  /** @param sid empty for the queue of a session that is moving to a WebSocket: no request can ask for it */
  constructor(sid: string, revision: Revision, binary: boolean) {
    this.sid = sid;
    this.revision = revision;
    this.binary = binary;
  }

  /** A poll is held: what is enqueued leaves with the next `flush`. */
  get held(): boolean {
    return this.#poll !== undefined;
  }

  get queuedBytes(): number {
    return this.#bytes;
  }

  enqueue(packet: QueuedPacket): void {
    this.#queue.push(packet);
    this.#bytes += packet.data.length + PACKET_OVERHEAD_BYTES;
  }

  /** Keeps a poll until there is something to answer. */
  hold(poll: Exchange, jsonp: string | undefined): void {
    this.#poll = poll;
    this.#jsonp = jsonp;
  }

  /** Lets go of the held poll without an answer: its client has gone. */
  release(): void {
    this.#poll = undefined;
  }

  /** Answers the held poll with everything that waits; nothing happens without either. */
  flush(): void {
    const poll = this.#poll;
    if (poll === undefined || this.#queue.length === 0) return;
    this.#poll = undefined;
    poll.onAborted = undefined;
    answerPoll(poll, this.take(), this, this.#jsonp);
  }

  /** Takes everything that waits. */
  take(): QueuedPacket[] {
    const packets = this.#queue;
    this.#queue = [];
    this.#bytes = 0;
    return packets;
  }
}

/** Answers a poll with these packets, in the form its session needs. */
export function answerPoll(
  poll: Exchange,
  packets: readonly QueuedPacket[],
  session: { readonly revision: Revision; readonly binary: boolean },
  jsonp: string | undefined,
  cookie?: string,
): void {
  const compress = packets.some((packet) => packet.compress);
  const { body, binary } =
    session.revision === 4
      ? { body: encodePayloadV4(packets), binary: false }
      : encodePayloadV3(packets, session.binary && jsonp === undefined);
  const contentType = binary ? BINARY : TEXT;
  poll.answer({
    status: 200,
    contentType,
    body: jsonp === undefined ? body : encodeJsonp(jsonp, body),
    compress,
    cookie,
  });
}
