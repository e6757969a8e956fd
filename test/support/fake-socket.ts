/**
 * A WebSocket for tests of the I/O agent: an array of what was sent, and a number for what its client has not taken.
 * As with the real one, `end` and `close` run the close handler inside the call, and every later call throws.
 */
import type { WebSocketHandle } from '../../core/agents/io/web-socket-handle.ts';

export interface SentFrame {
  readonly bytes: Buffer;
  readonly isBinary: boolean;
  readonly compress: boolean;
  /** Number of the cork it was sent in, 0 outside of one. */
  readonly cork: number;
}

export class FakeSocket implements WebSocketHandle {
  readonly frames: SentFrame[] = [];
  isOpen = true;
  /** Bytes the client has not taken. */
  buffered = 0;
  /** How often it was asked for them. */
  asks = 0;
  /** How this side ended it: a close code, or 'dropped'. */
  ended: number | 'dropped' | undefined;
  corks = 0;
  readonly #onClosed: () => void;
  #corked = false;

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed;
  }

  /** Every frame as text. */
  get texts(): string[] {
    return this.frames.map(({ bytes }) => bytes.toString());
  }

  /** Texts of the messages, without the open packet and without their engine type. */
  get messages(): string[] {
    return this.texts.slice(1).map((text) => text.slice(1));
  }

  send(message: Uint8Array | string, isBinary = false, compress = false): number {
    this.#check();
    const bytes = Buffer.from(message as string); // a copy either way, as the kernel would keep one
    this.frames.push({ bytes, isBinary, compress, cork: this.#corked ? this.corks : 0 });
    return this.buffered > 0 ? 0 : 1;
  }

  getBufferedAmount(): number {
    this.#check();
    this.asks++;
    return this.buffered;
  }

  cork(callback: () => void): this {
    this.#check();
    this.corks++;
    this.#corked = true;
    callback();
    this.#corked = false;
    return this;
  }

  end(code = 1000): void {
    this.#check();
    this.ended = code;
    this.hangUp();
  }

  close(): void {
    this.#check();
    this.ended = 'dropped';
    this.hangUp();
  }

  /** The connection ends, by the peer or by us. */
  hangUp(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#onClosed();
  }

  #check(): void {
    if (!this.isOpen) throw new Error('this WebSocket is closed');
  }
}
