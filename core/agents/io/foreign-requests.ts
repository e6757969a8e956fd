/**
 * Polling requests of sessions on other I/O threads: passed to the owner over a lane, answered here; and the other end,
 * where the owner answers them as if they had come in there.
 */
import { SESSION_UNKNOWN } from '../../wire/connection-errors.ts';
import { type BodyReceiver, type Exchange, type HttpAnswer, refusal } from './exchange.ts';
import type { LocalRequest } from './front-desk.ts';
import type { LaneMessage, Lanes } from './lanes.ts';
import type { PollingRequest } from './polling-sessions.ts';

/** Handles a request on the thread that owns its session. */
export type Owner = (server: number, request: PollingRequest, exchange: Exchange) => BodyReceiver | undefined;

/** An exchange whose connection is on another thread. */
class RemoteExchange implements Exchange {
  onAborted: (() => void) | undefined;
  onLost: (() => void) | undefined;
  receiver: BodyReceiver | undefined;
  answered = false;
  readonly #answer: (answer: HttpAnswer) => void;

  constructor(answer: (answer: HttpAnswer) => void) {
    this.#answer = answer;
  }

  answer(answer: HttpAnswer): void {
    if (this.answered) return;
    this.answered = true;
    this.#answer(answer);
  }

  /** The client is gone, or the thread that has its connection. */
  fail(): void {
    if (this.answered) this.onLost?.();
    else this.onAborted?.();
  }
}

export class ForeignRequests {
  readonly #lanes: Lanes;
  readonly #owner: Owner;
  /** Requests that came in here, by number. */
  readonly #sent = new Map<number, { readonly owner: number; readonly sid: string; readonly exchange: LocalRequest }>();
  /** Requests of other threads that this one answers, by thread and number. */
  readonly #received = new Map<number, Map<number, RemoteExchange>>();
  #nextId = 1;

  constructor(lanes: Lanes, owner: Owner) {
    this.#lanes = lanes;
    this.#owner = owner;
  }

  /** Passes a request to the thread that owns its session. */
  pass(owner: number, server: number, request: PollingRequest, exchange: LocalRequest): BodyReceiver | undefined {
    if (!this.#lanes.reaches(owner)) {
      exchange.answer(refusal(SESSION_UNKNOWN, { sid: request.sid }));
      return undefined;
    }
    const id = this.#nextId++;
    this.#sent.set(id, { owner, sid: request.sid, exchange });
    const aborted = (): void => {
      this.#sent.delete(id);
      this.#lanes.post(owner, { op: 'aborted', id });
    };
    exchange.onAborted = aborted;
    this.#lanes.post(owner, { op: 'request', id, server, request });
    if (request.method !== 'POST') return undefined;
    return {
      body: (bytes) => this.#lanes.post(owner, { op: 'body', id, bytes: new Uint8Array(bytes) }),
      refused: () => {
        exchange.onAborted = undefined;
        this.#sent.delete(id);
        this.#lanes.post(owner, { op: 'refused', id });
      },
    };
  }

  /** A lane message of this part; others are left alone. */
  receive(from: number, message: LaneMessage): void {
    switch (message.op) {
      case 'request':
        this.#open(from, message.id, message.server, message.request);
        break;
      case 'body':
        this.#received.get(from)?.get(message.id)?.receiver?.body(message.bytes);
        break;
      case 'refused':
        this.#take(from, message.id)?.receiver?.refused();
        break;
      case 'aborted':
        this.#take(from, message.id)?.fail();
        break;
      case 'delivered':
        this.#take(from, message.id);
        break;
      case 'answer': {
        const sent = this.#sent.get(message.id);
        this.#sent.delete(message.id);
        if (sent === undefined) break;
        const { exchange } = sent;
        const { id } = message;
        exchange.onAborted = undefined;
        if (message.isAwaited) {
          const delivered = (): void => this.#lanes.post(from, { op: 'delivered', id });
          const lost = (): void => this.#lanes.post(from, { op: 'aborted', id });
          exchange.onWritten = delivered;
          exchange.onLost = lost;
        }
        exchange.answer(message.answer);
        break;
      }
    }
  }

  /** A thread has died: what it owned is gone, and the clients whose requests it passed on are, too. */
  laneClosed(thread: number): void {
    for (const [id, { owner, sid, exchange }] of this.#sent) {
      if (owner !== thread) continue;
      this.#sent.delete(id);
      exchange.onAborted = undefined;
      exchange.answer(refusal(SESSION_UNKNOWN, { sid }));
    }
    const received = this.#received.get(thread);
    this.#received.delete(thread);
    for (const exchange of received?.values() ?? []) exchange.fail();
  }

  #open(from: number, id: number, server: number, request: PollingRequest): void {
    const exchange = new RemoteExchange((answer) => {
      // Kept until it is delivered: packets that a lost answer took along cannot be sent again.
      const isAwaited = exchange.onLost !== undefined;
      const known = isAwaited ? this.#received.get(from)?.get(id) : this.#take(from, id);
      if (known !== exchange) return;
      const { body } = answer;
      // A view of Node's buffer pool would be posted with the whole pool.
      const owned = body instanceof Uint8Array ? { ...answer, body: new Uint8Array(body) } : answer;
      this.#lanes.post(from, { op: 'answer', id, answer: owned, isAwaited });
    });
    let ofThread = this.#received.get(from);
    if (ofThread === undefined) {
      ofThread = new Map();
      this.#received.set(from, ofThread);
    }
    ofThread.set(id, exchange);
    exchange.receiver = this.#owner(server, request, exchange);
  }

  #take(from: number, id: number): RemoteExchange | undefined {
    const exchange = this.#received.get(from)?.get(id);
    this.#received.get(from)?.delete(id);
    return exchange;
  }
}
