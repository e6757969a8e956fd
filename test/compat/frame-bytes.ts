/**
 * WebSocket frames byte by byte, wrong ones included. Test processes run it.
 * It never corrects what it is asked to build.
 */
export type Bytes = string | Uint8Array;

export interface FrameShape {
  /** 0 to 15. */
  readonly opcode: number;
  readonly payload?: Bytes;
  /** @default true */
  readonly fin?: boolean;
  /** The three reserved bits: 4 is RSV1, 2 is RSV2, 1 is RSV3. @default 0 */
  readonly rsv?: number;
  /** @default true */
  readonly masked?: boolean;
  /** The length in the header. @default that of the payload */
  readonly claims?: bigint;
  /** Bits of the length field: 7, 16 or 64. @default the smallest that holds it */
  readonly lengthBits?: 7 | 16 | 64;
}

const MASK = Buffer.from([0x37, 0xfa, 0x21, 0x3d]);

/** One frame as a client sends it, unless the shape says otherwise. */
export function frame(shape: FrameShape): Buffer {
  const { opcode, payload = '', fin = true, rsv = 0, masked = true } = shape;
  const data = Buffer.from(payload as string);
  const length = shape.claims ?? BigInt(data.length);
  const bits = shape.lengthBits ?? (length < 126n ? 7 : length < 65_536n ? 16 : 64);
  const head = Buffer.alloc(bits === 7 ? 2 : bits === 16 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (bits === 7 ? Number(length) : bits === 16 ? 126 : 127);
  if (bits === 16) head.writeUInt16BE(Number(length), 2);
  if (bits === 64) head.writeBigUInt64BE(length, 2);
  if (!masked) return Buffer.concat([head, data]);
  for (let i = 0; i < data.length; i++) data[i] ^= MASK[i & 3];
  return Buffer.concat([head, MASK, data]);
}

export const text = (payload: Bytes): Buffer => frame({ opcode: 1, payload });
export const binary = (payload: Bytes): Buffer => frame({ opcode: 2, payload });

/** A close frame; without a code an empty one. */
export function close(code?: number, reason: Bytes = ''): Buffer {
  if (code === undefined) return frame({ opcode: 8 });
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame({ opcode: 8, payload: Buffer.concat([head, Buffer.from(reason as string)]) });
}
