/**
 * A small Engine.IO 3/4 client on a bare TCP socket: cheap enough for thousands per process, and it can be told not to
 * answer heartbeats. Test and lean host processes run it. It speaks WebSocket only, without extensions, fragments or TLS.
 */
import { connect, type Socket as TcpSocket } from 'node:net';

export interface LeanOptions {
  port: number;
  /** Engine.IO revision. @default 4 */
  revision?: 3 | 4;
  /** The packet that asks for a namespace, sent once the connection is open; Engine.IO 3 needs none. @default '0' */
  connectPacket?: string;
  /** Never sends a heartbeat of its own and never answers one. @default false */
  mute?: boolean;
  /** Text of a Socket.IO packet in ASCII, without the Engine.IO type digit; valid during the call only. */
  onPacket?: (text: string) => void;
  /** Called once when the TCP connection is gone. */
  onClose?: () => void;
}

const OPCODE_TEXT = 1;
const OPCODE_CLOSE = 8;
const FIN = 0x80;
const MASKED = 0x80;
const OPEN = 0x30; // '0'
const PING = 0x32; // '2'
const MESSAGE = 0x34; // '4'

/** A client frame; the mask key is zero, which masks nothing and is legal. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const long = payload.length > 125;
  const frame = Buffer.alloc((long ? 8 : 6) + payload.length);
  frame[0] = FIN | OPCODE_TEXT;
  frame[1] = MASKED | (long ? 126 : payload.length);
  if (long) frame.writeUInt16BE(payload.length, 2);
  payload.copy(frame, long ? 8 : 6);
  return frame;
}

const PONG_FRAME = textFrame('3');

export class LeanClient {
  readonly #tcp: TcpSocket;
  readonly #options: LeanOptions;
  #rest: Buffer | undefined;
  #upgraded = false;

  constructor(options: LeanOptions) {
    this.#options = options;
    const revision = options.revision ?? 4;
    this.#tcp = connect({ port: options.port, host: '127.0.0.1', noDelay: true }, () => {
      this.#tcp.write(
        `GET /socket.io/?EIO=${revision}&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n` +
          'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
          'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
    });
    this.#tcp.on('data', (chunk) => this.#read(chunk));
    // A reset is an ending like any other; `close` follows.
    this.#tcp.on('error', () => {});
    this.#tcp.on('close', () => options.onClose?.());
  }

  /** Sends the text of one Socket.IO packet, shorter than 64 KB. */
  sendPacket(text: string): void {
    this.#tcp.write(textFrame(`4${text}`));
  }

  close(): void {
    this.#tcp.destroy();
  }

  #read(chunk: Buffer): void {
    let data = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    if (!this.#upgraded) {
      const end = data.indexOf('\r\n\r\n');
      if (end >= 0) {
        if (!data.subarray(0, 13).equals(Buffer.from('HTTP/1.1 101 '))) {
          this.#tcp.destroy();
          return;
        }
        this.#upgraded = true;
        data = data.subarray(end + 4);
      }
    }
    const used = this.#upgraded ? this.#readFrames(data) : 0;
    if (used < data.length) this.#rest = data.subarray(used);
  }

  /** Returns how many bytes of `data` belong to complete frames. */
  #readFrames(data: Buffer): number {
    let at = 0;
    while (data.length - at >= 2) {
      let length = data[at + 1] & 0x7f;
      let body = at + 2;
      if (length === 126) {
        if (data.length < body + 2) break;
        length = data.readUInt16BE(body);
        body += 2;
      } else if (length === 127) {
        if (data.length < body + 8) break;
        length = Number(data.readBigUInt64BE(body));
        body += 8;
      }
      if (data.length < body + length) break;
      this.#onFrame(data[at] & 0x0f, data, body, body + length);
      at = body + length;
    }
    return at;
  }

  #onFrame(opcode: number, data: Buffer, start: number, end: number): void {
    if (opcode === OPCODE_CLOSE) this.#tcp.end();
    if (opcode !== OPCODE_TEXT || start === end) return;
    if (data[start] === MESSAGE) this.#options.onPacket?.(data.toString('latin1', start + 1, end));
    else if (data[start] === OPEN && this.#options.revision !== 3) this.sendPacket(this.#options.connectPacket ?? '0');
    else if (data[start] === PING && !this.#options.mute) this.#tcp.write(PONG_FRAME);
  }
}
