/**
 * The body of a proxied answer on its way to a client, which may read slowly: `write` says when to stop. I/O thread.
 */
import type { HttpResponse } from 'uWebSockets.js';

/** A body of unknown length: uWebSockets.js keeps what the socket does not take now. */
export class ChunkedBody {
  readonly #res: HttpResponse;

  constructor(res: HttpResponse) {
    this.#res = res;
  }

  /** False when the socket is full. */
  write(chunk: Uint8Array): boolean {
    let ok = true;
    this.#res.cork(() => {
      ok = this.#res.write(chunk);
    });
    return ok;
  }

  /** True when it may be written again. */
  writable(_offset: number): boolean {
    return true;
  }
}

/** A body of known length: what the socket does not take now must be offered again, from where it stopped. */
export class SizedBody {
  readonly #res: HttpResponse;
  readonly #length: number;
  readonly #onEnd: () => void;
  #left: Uint8Array | undefined;
  /** Offset in the body at which `#left` begins. */
  #base = 0;

  /** @param onEnd the response has ended with the last byte; nothing may touch it then */
  constructor(res: HttpResponse, length: number, onEnd: () => void) {
    this.#res = res;
    this.#length = length;
    this.#onEnd = onEnd;
  }

  write(chunk: Uint8Array): boolean {
    const base = this.#res.getWriteOffset();
    if (this.#try(chunk)) return true;
    this.#left = chunk;
    this.#base = base;
    return false;
  }

  writable(offset: number): boolean {
    if (this.#left === undefined) return true;
    if (!this.#try(this.#left.subarray(offset - this.#base))) return false;
    this.#left = undefined;
    return true;
  }

  #try(chunk: Uint8Array): boolean {
    let ok = true;
    let ended = false;
    this.#res.cork(() => {
      [ok, ended] = this.#res.tryEnd(chunk, this.#length);
    });
    if (ended) this.#onEnd();
    return ok;
  }
}

/** A header's value as the bytes that Node read: uWebSockets.js would write text as UTF-8. */
export function asBytes(value: string): string | Uint8Array {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) > 0x7f) return Buffer.from(value, 'latin1');
  return value;
}
