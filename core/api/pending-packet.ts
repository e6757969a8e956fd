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
  /** Only the default format tells "attachments are due" from "this frame was no packet". */
  readonly #timed: boolean;
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param onLate called once when the next attachment did not come in time */
  constructor(parser: Parser, limits: AttachmentLimits, onLate: (error: Error) => void) {
    this.#decoder = new PacketDecoder(parser, limits);
    this.#limits = limits;
    this.#onLate = onLate;
    this.#timed = parser === DEFAULT_PARSER;
  }

  /** @returns the packet with its last frame. @throws {Error} for a frame that is no valid part of a packet */
  add(frame: unknown): Packet | undefined {
    const packet = this.#decoder.add(frame);
    clearTimeout(this.#timer);
    if (packet !== undefined || !this.#timed) return packet;
    const { maxAttachmentBytes, attachmentTimeout } = this.#limits;
    if (typeof frame !== 'string') this.#bytes += (frame as Uint8Array).byteLength;
    if (this.#bytes > maxAttachmentBytes) throw new Error('attachments too large');
    this.#timer = setTimeout(() => this.#onLate(new Error('attachments overdue')), attachmentTimeout).unref();
    return undefined;
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#decoder.destroy();
  }
}
