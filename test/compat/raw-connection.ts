/**
 * One TCP connection of a case: writes exact bytes, reads HTTP responses and WebSocket frames off it. Test processes run
 * it. It answers nothing by itself.
 */
import { connect, type Socket } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import { within } from '../support/wait-for.ts';

export interface Response {
  readonly status: number;
  /** Names in lower case; repeated ones joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded. */
  readonly body: Buffer;
}

export interface Frame {
  readonly opcode: number;
  readonly fin: boolean;
  /** The payload is compressed. */
  readonly rsv1: boolean;
  readonly payload: Buffer;
}

interface Head {
  readonly status: number;
  readonly headers: Map<string, string>;
}

const DECODERS: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
};

export class RawConnection {
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #ended = false;
  #onProgress: () => void = () => {};

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#socket.on('data', (chunk) => {
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
      this.#onProgress();
    });
    const end = (): void => {
      this.#ended = true;
      this.#onProgress();
    };
    this.#socket.on('end', end);
    this.#socket.on('close', end);
    this.#socket.on('error', end); // a reset is an ending like any other
  }

  write(bytes: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  /** Reads and forgets what still comes, to the end of the connection. */
  async drained(): Promise<void> {
    await this.#until('the end of a connection', (_bytes, ended) => {
      this.#bytes = Buffer.alloc(0);
      return ended ? true : undefined;
    });
  }

  /** Ends the sending side only. */
  end(): void {
    this.#socket.end();
  }

  reset(): void {
    this.#socket.resetAndDestroy();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The next response, interim ones passed over; undefined when the connection ends before it is complete. */
  async response(method = 'GET'): Promise<Response | undefined> {
    for (;;) {
      const head = await this.head();
      if (head === undefined) return undefined;
      if (head.status >= 100 && head.status < 200 && head.status !== 101) continue;
      const bodiless = method === 'HEAD' || head.status === 101 || head.status === 204 || head.status === 304;
      const body = bodiless ? Buffer.alloc(0) : await this.#body(head);
      if (body === undefined) return undefined;
      const decode = DECODERS[head.headers.get('content-encoding') ?? ''];
      return { ...head, body: decode ? decode(body) : body };
    }
  }

  /** The next response's head alone. */
  head(): Promise<Head | undefined> {
    return this.#until('an HTTP response', (bytes) => {
      const end = bytes.indexOf('\r\n\r\n');
      if (end < 0) return undefined;
      this.#bytes = bytes.subarray(end + 4);
      return parseHead(bytes.toString('latin1', 0, end));
    });
  }

  /** The next WebSocket frame; undefined when the connection ends before it is complete. */
  frame(): Promise<Frame | undefined> {
    return this.#until('a WebSocket frame', (bytes) => {
      const found = parseFrame(bytes);
      if (found === undefined) return undefined;
      this.#bytes = bytes.subarray(found.size);
      return found.frame;
    });
  }

  #body({ headers }: Head): Promise<Buffer | undefined> {
    const length = headers.get('content-length');
    if (headers.get('transfer-encoding')?.endsWith('chunked')) return this.#chunks();
    if (length !== undefined) return this.#take(Number(length));
    return this.#until('the end of a response', (bytes, ended) => (ended ? bytes : undefined));
  }

  async #chunks(): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    for (;;) {
      const size = await this.#until('a chunk', (bytes) => {
        const end = bytes.indexOf('\r\n');
        if (end < 0) return undefined;
        this.#bytes = bytes.subarray(end + 2);
        return Number.parseInt(bytes.toString('latin1', 0, end), 16);
      });
      if (size === undefined) return undefined;
      const chunk = await this.#take(size + 2);
      if (chunk === undefined) return undefined;
      if (size === 0) return Buffer.concat(parts);
      parts.push(chunk.subarray(0, size));
    }
  }

  #take(length: number): Promise<Buffer | undefined> {
    return this.#until(`a body of ${length} bytes`, (bytes) => {
      if (bytes.length < length) return undefined;
      this.#bytes = bytes.subarray(length);
      return bytes.subarray(0, length);
    });
  }

  async #until<T>(what: string, read: (bytes: Buffer, ended: boolean) => T | undefined): Promise<T | undefined> {
    for (;;) {
      const ended = this.#ended;
      const found = read(this.#bytes, ended);
      if (found !== undefined || ended) return found;
      const progress = new Promise<void>((resolve) => {
        this.#onProgress = resolve;
      });
      await within(progress, what);
    }
  }
}

function parseHead(head: string): Head {
  const [statusLine, ...lines] = head.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const present = headers.get(name);
    headers.set(name, present === undefined ? value : `${present}, ${value}`);
  }
  return { status: Number(statusLine.split(' ')[1]), headers };
}

function parseFrame(bytes: Buffer): { frame: Frame; size: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1] & 0x7f;
  const start = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < start) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  const size = start + length;
  if (bytes.length < size) return undefined;
  const frame = {
    opcode: bytes[0] & 0x0f,
    fin: bytes[0] >= 0x80,
    rsv1: (bytes[0] & 0x40) !== 0,
    payload: bytes.subarray(start, size),
  };
  return { frame, size };
}
