/**
 * An HTTP request for tests of the I/O agent: keeps its answer, and lets the test decide when body and abort come.
 * As with the real one the first answer counts, and none is kept once the client has gone.
 */
import type { BodyReceiver, HttpAnswer } from '../../core/agents/io/exchange.ts';
import type { LocalRequest } from '../../core/agents/io/front-desk.ts';
import type { HeaderList } from '../../core/agents/io/gate.ts';
import type { IoAgent } from '../../core/agents/io/io-agent.ts';

export class FakeExchange implements LocalRequest {
  onAborted: (() => void) | undefined;
  onLost: (() => void) | undefined;
  onWritten: (() => void) | undefined;
  onRefused: ((code: number) => void) | undefined;
  headers: HeaderList = [];
  /** Undefined while the request is open. */
  reply: HttpAnswer | undefined;
  aborted = false;
  /** Answers stay in the compressor until `compressed`. */
  compresses = false;
  #inCompressor: HttpAnswer | undefined;
  receiver: BodyReceiver | undefined;
  readonly io: number;
  readonly #agent: IoAgent;

  constructor(io: number, agent: IoAgent) {
    this.io = io;
    this.#agent = agent;
  }

  get open(): boolean {
    return !this.aborted && this.reply === undefined && this.#inCompressor === undefined;
  }

  answer(answer: HttpAnswer): boolean {
    if (!this.open) return false;
    if (this.compresses) {
      this.#inCompressor = answer;
    } else {
      this.reply = answer;
      this.onWritten?.();
    }
    return true;
  }

  /** The compressor has finished. */
  compressed(): void {
    if (this.aborted || this.#inCompressor === undefined) return;
    this.reply = this.#inCompressor;
    this.onWritten?.();
  }

  get isCompressing(): boolean {
    return this.#inCompressor !== undefined && this.reply === undefined;
  }

  get answered(): boolean {
    return this.reply !== undefined;
  }

  /** Body of the answer as text. */
  get text(): string {
    const body = this.reply?.body ?? '';
    return typeof body === 'string' ? body : Buffer.from(body).toString();
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.reply?.body ?? '');
  }

  /** The client sends the whole body; nobody may have accepted it. */
  sendBody(body: string | Uint8Array): void {
    const bytes = new Uint8Array(Buffer.from(body as string));
    this.#agent.body(() => this.receiver?.body(bytes));
    bytes.fill(0); // only valid during the call
  }

  /** The body is too large for the thread where it came in. */
  refuseBody(): void {
    this.#agent.body(() => this.receiver?.refused());
    this.answer({ status: 413, close: true });
  }

  /** The client goes away; without effect once it has the answer. */
  abort(): void {
    if (this.aborted || this.reply !== undefined) return;
    this.aborted = true;
    const tell = this.#inCompressor === undefined ? this.onAborted : this.onLost;
    this.onAborted = undefined;
    if (tell !== undefined) this.#agent.body(tell);
  }
}
