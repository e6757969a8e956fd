/**
 * Reads one MessagePack value that a client sent. App thread.
 * Written for hostile bytes: nesting is counted, a length is believed only as far as the bytes reach, and keys become
 * own properties whatever they are called.
 */

/** Extension of dates, from the MessagePack specification. */
const EXT_TIMESTAMP = -1;
/** Extension of older notepack versions: one byte is undefined, eight are a date, other lengths an ArrayBuffer. */
const EXT_NOTEPACK = 0;

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @param left how many containers may still be opened */
  value(left: number): unknown {
    const head = this.#uint(1);
    if (head < 0x80) return head;
    if (head < 0x90) return this.#map(head & 0x0f, left);
    if (head < 0xa0) return this.#array(head & 0x0f, left);
    if (head < 0xc0) return this.#text(head & 0x1f);
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return Buffer.from(this.#take(this.#uint(1 << (head - 0xc4))));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#uint(1 << (head - 0xc7)));
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(1 << (head - 0xcc));
      case 0xcf:
        return Number(this.#view.getBigUint64(this.#skip(8)));
      case 0xd0:
        return this.#view.getInt8(this.#skip(1));
      case 0xd1:
        return this.#view.getInt16(this.#skip(2));
      case 0xd2:
        return this.#view.getInt32(this.#skip(4));
      case 0xd3:
        return Number(this.#view.getBigInt64(this.#skip(8)));
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (head - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#uint(2 << (head - 0xdc)), left);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 << (head - 0xde)), left);
      default:
        throw new Error('illegal byte in MessagePack data');
    }
  }

  #skip(bytes: number): number {
    const start = this.#at;
    if (bytes > this.#bytes.length - start) throw new Error('MessagePack data ends early');
    this.#at += bytes;
    return start;
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  #uint(bytes: number): number {
    const start = this.#skip(bytes);
    if (bytes === 1) return this.#bytes[start];
    return bytes === 2 ? this.#view.getUint16(start) : this.#view.getUint32(start);
  }

  #text(length: number): string {
    const bytes = this.#take(length);
    return Buffer.from(bytes.buffer, bytes.byteOffset, length).toString('utf8');
  }

  #array(length: number, left: number): unknown[] {
    if (left === 0) throw new Error('payload nested too deep');
    // Grown as elements are read: a length that no bytes follow costs nothing.
    const array: unknown[] = [];
    for (let i = 0; i < length; i++) array.push(this.value(left - 1));
    return array;
  }

  #map(length: number, left: number): Record<string, unknown> {
    if (left === 0) throw new Error('payload nested too deep');
    const map: Record<string, unknown> = {};
    for (let i = 0; i < length; i++) {
      const key = this.value(0);
      const value = this.value(left - 1);
      if (key === '__proto__') {
        Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
      } else {
        map[String(key)] = value;
      }
    }
    return map;
  }

  #extension(length: number): unknown {
    const type = this.#view.getInt8(this.#skip(1));
    const data = this.#take(length);
    const view = new DataView(data.buffer, data.byteOffset, length);
    if (type === EXT_TIMESTAMP) return timestamp(view);
    if (type !== EXT_NOTEPACK) throw new Error(`unknown MessagePack extension ${type}`);
    if (length === 1) return undefined;
    if (length === 8) return new Date(Number(view.getBigInt64(0)));
    // A copy of exactly these bytes: the slice of a Buffer would be a view of memory it shares with others.
    return new Uint8Array(data).buffer;
  }
}

/** Seconds in 4 bytes, 30 bits of nanoseconds and 34 of seconds in 8, or nanoseconds and 64 bits of seconds in 12. */
function timestamp(view: DataView): Date {
  if (view.byteLength === 4) return new Date(view.getUint32(0) * 1000);
  if (view.byteLength === 8) {
    const high = view.getUint32(0);
    return dateOf((high & 3) * 2 ** 32 + view.getUint32(4), high >>> 2);
  }
  if (view.byteLength === 12) return dateOf(Number(view.getBigInt64(4)), view.getUint32(0));
  throw new Error('illegal timestamp in MessagePack data');
}

function dateOf(seconds: number, nanoseconds: number): Date {
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
}

/**
 * @param maxDepth arrays and maps that may lie inside each other
 * @throws {Error} for bytes that are not exactly one value
 */
export function decodeMsgpack(bytes: Uint8Array, maxDepth: number): unknown {
  const reader = new Reader(bytes);
  const value = reader.value(maxDepth);
  if (!reader.done) throw new Error('MessagePack data goes on behind its value');
  return value;
}
