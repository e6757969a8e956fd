/**
 * A packet of one connection that is not complete: its decoder, the bytes that came, and the time its next frame has.
 * App thread. It exists only while attachments are due, and for formats whose decoder must be kept.
 */
import { PacketDecoder, type PacketLimits } from './packet-decoder.ts';
import { DEFAULT_PARSER, type Packet, type Parser } from './parser.ts';

/** Budgets of a packet that arrives in several frames; see `ApiOptions` for units and defaults. */
export interface AttachmentLimits extends PacketLimits {
  readonly maxAttachmentBytes: number;
  readonly attachmentTimeout: number;
}

export class PendingPacket {
  readonly #decoder: PacketDecoder;
  readonly #limits: AttachmentLimits;
  readonly #onLate: (error: Error) => void;
  /** Its frames: text that announces, then attachments. In any other format frames count until a packet comes out. */
  readonly #isDefault: boolean;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLate called once when the next attachment did not come in time */
  constructor(parser: Parser, limits: AttachmentLimits, onLate: (error: Error) => void) {
    this.#decoder = new PacketDecoder(parser, limits);
    this.#limits = limits;
    this.#onLate = onLate;
    this.#isDefault = parser === DEFAULT_PARSER;
  }

  /** @returns the packet with its last frame. @throws {Error} for a frame that is no valid part of a packet */
  add(frame: unknown): Packet | undefined {
    const packet = this.#decoder.add(frame);
    if (packet !== undefined) {
      this.#stopTimer();
      this.#bytes = 0;
      return packet;
    }
    this.#bytes += this.#sizeOf(frame);
    if (this.#bytes > this.#limits.maxAttachmentBytes) throw new Error('attachments too large');
    if (this.#isDefault) this.#stopTimer();
    this.#timer ??= setTimeout(
      () => this.#onLate(new Error('attachments overdue')),
      this.#limits.attachmentTimeout,
    ).unref();
    return undefined;
  }

  #sizeOf(frame: unknown): number {
    if (typeof frame !== 'string') return (frame as Uint8Array).byteLength;
    return this.#isDefault ? 0 : Buffer.byteLength(frame);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  destroy(): void {
    this.#stopTimer();
    this.#decoder.destroy();
  }
}
