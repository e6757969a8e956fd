/**
 * One WebSocket client on a raw TCP socket: HTTP upgrade, Engine.IO open, Socket.IO connect, heartbeats, and questions
 * one at a time. Generator process. It checks what it is told and gives up loudly; it never reconnects.
 */
import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Dialect } from '../messages.ts';
import { QUESTION_NAME } from '../payload.ts';
import { FrameStream, HEADROOM_BYTES, readArea, readTarget, type StreamContext } from './frame-stream.ts';

const KEY = Buffer.alloc(16, 'b').toString('base64');
/** RFC 6455, 4.2.2: what proves that the answer is to this key. */
const ACCEPT = createHash('sha1').update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');

const FINAL = 0x80;
const OPCODE_TEXT = 0x1;
const OPCODE_CLOSE = 0x8;
const OPCODE_PING = 0x9;
const OPCODE_PONG = 0xa;
const MASKED = 0x80;

const CONNECT_FRAME = clientFrame(OPCODE_TEXT, Buffer.from('40'));
const ENGINE_PING_FRAME = clientFrame(OPCODE_TEXT, Buffer.from('2'));
const ENGINE_PONG_FRAME = clientFrame(OPCODE_TEXT, Buffer.from('3'));

type State = 'upgrading' | 'opening' | 'joining' | 'joined' | 'closed';

/** What all clients of a generator share. */
export interface ClientFleet extends StreamContext {
  readonly port: number;
  readonly dialect: Dialect;
  onJoined(): void;
  onFailed(reason: string): void;
  /** After every read. */
  onRead(): void;
  /** `right`: it answers the question that was asked. */
  onAnswer(client: RawClient, right: boolean): void;
}

export class RawClient {
  readonly #fleet: ClientFleet;
  readonly #socket: Socket;
  readonly #stream: FrameStream;
  #state: State = 'upgrading';
  /** Number of the last question, which is also its argument. */
  #asked = 0;

  /** `client` is its number in the tally; the server is told it too. */
  constructor(client: number, fleet: ClientFleet) {
    this.#fleet = fleet;
    this.#stream = new FrameStream(client, fleet, this);
    this.#socket = connect({
      host: '127.0.0.1',
      port: fleet.port,
      noDelay: true,
      onread: { buffer: readTarget, callback: (count) => this.#onRead(count) },
    });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(fleet.port, fleet.dialect, client)));
    this.#socket.on('error', (error) => this.onBroken(error.message));
    this.#socket.on('close', () => this.onBroken('connection closed by the server'));
  }

  /** Ends the connection without counting it as a failure. */
  destroy(): void {
    this.#state = 'closed';
    this.#socket.destroy();
  }

  /** Sends an event that wants an answer. */
  ask(): void {
    const number = ++this.#asked;
    this.#socket.write(textFrame(`42${number}["${QUESTION_NAME}",${number}]`), 'latin1');
  }

  /** The heartbeat of Engine.IO 3 is the client's. */
  ping(): void {
    this.#socket.write(ENGINE_PING_FRAME);
  }

  onOther(firstByte: number, start: number, shown: number): void {
    switch (firstByte) {
      case FINAL | OPCODE_TEXT:
        this.#onPacket(readArea.toString('latin1', start, start + shown));
        return;
      case FINAL | OPCODE_PING:
        this.#socket.write(clientFrame(OPCODE_PONG, readArea.subarray(start, start + shown)));
        return;
      case FINAL | OPCODE_PONG:
        return;
      case FINAL | OPCODE_CLOSE:
        this.onBroken(`close frame ${shown >= 2 ? readArea.readUInt16BE(start) : 'without code'}`);
        return;
      default:
        this.onBroken(`frame that starts with 0x${firstByte.toString(16)}`);
    }
  }

  onBroken(reason: string): void {
    if (this.#state === 'closed') return;
    const during = this.#state;
    this.destroy();
    this.#fleet.onFailed(`client while ${during}: ${reason}`);
  }

  /** Returning true keeps the socket reading. */
  #onRead(count: number): boolean {
    let start = this.#stream.uncarry();
    const end = HEADROOM_BYTES + count;
    if (this.#state === 'upgrading') start = this.#readResponse(start, end);
    if (this.#state !== 'closed') this.#stream.consume(start, end);
    this.#fleet.onRead();
    return true;
  }

  /** Returns where the frames begin, or `end` when the response is not whole yet. */
  #readResponse(start: number, end: number): number {
    const head = readArea.toString('latin1', start, end);
    const length = head.indexOf('\r\n\r\n') + 4;
    if (length < 4) {
      if (head.length > HEADROOM_BYTES) this.onBroken('endless response head');
      else this.#stream.carryOver(start, end);
      return end;
    }
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(ACCEPT)) {
      this.onBroken(`answered ${JSON.stringify(head.slice(0, 120))}`);
    } else if (this.#fleet.dialect === 'plain') {
      this.#join();
    } else {
      this.#state = 'opening';
    }
    return start + length;
  }

  #onPacket(text: string): void {
    if (this.#state === 'joined' && text.startsWith('43')) {
      this.#fleet.onAnswer(this, text === `43${this.#asked}[${this.#asked}]`);
    } else if (text === '2' && this.#fleet.dialect === 'socketio') {
      this.#socket.write(ENGINE_PONG_FRAME);
    } else if (text === '3' && this.#fleet.dialect === 'socketio-2') {
      return;
    } else if (this.#state === 'opening' && text.startsWith('0{')) {
      this.#state = 'joining';
      // Clients of Socket.IO 2 are in the main namespace without asking.
      if (this.#fleet.dialect === 'socketio') this.#socket.write(CONNECT_FRAME);
    } else if (this.#state === 'joining' && text.startsWith('40')) {
      this.#join();
    } else {
      this.onBroken(`unexpected packet ${JSON.stringify(text.slice(0, 60))}`);
    }
  }

  #join(): void {
    this.#state = 'joined';
    this.#fleet.onJoined();
  }
}

function upgradeRequest(port: number, dialect: Dialect, client: number): string {
  return [
    `GET /socket.io/?EIO=${dialect === 'socketio-2' ? 3 : 4}&transport=websocket&client=${client} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${KEY}`,
    'Sec-WebSocket-Version: 13',
    '\r\n',
  ].join('\r\n');
}

/** As `clientFrame`, for ASCII and as a string, which is written with less work. */
function textFrame(text: string): string {
  return `${String.fromCharCode(FINAL | OPCODE_TEXT, MASKED | text.length)}\0\0\0\0${text}`;
}

/** A whole masked frame of at most 125 bytes. The mask is zero: it leaves the payload as it is. */
function clientFrame(opcode: number, payload: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(FINAL | opcode, MASKED | payload.length, 0, 0, 0, 0), payload]);
}
