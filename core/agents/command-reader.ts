/**
 * The coordinator's reading of `commands`: membership changes go to the room index, packets to the sequencer, each at
 * its place. A packet that is gated stays in the ring, and with it everything behind it.
 */
import type { MessagePort } from 'node:worker_threads';
import { IntList } from '../rooms/int-list.ts';
import type { RoomIndex } from '../rooms/room-index.ts';
import type { TargetSet } from '../rooms/target-set.ts';
import { takeRegion } from '../shm/region-port.ts';
import type { SpscRing } from '../shm/spsc-ring.ts';
import {
  align8,
  CMD_BROADCAST,
  CMD_BROADCAST_HEAD_BYTES,
  CMD_CLOSE,
  CMD_CLOSE_SERVER,
  CMD_FREE_ROW,
  CMD_JOIN,
  CMD_LEAVE,
  CMD_ROWS_HEAD_BYTES,
  CMD_SEND,
  CMD_SEND_HEAD_BYTES,
  FLAG_LARGE,
  getSession,
  LOG_CLOSE,
  LOG_CLOSE_SERVER,
} from './records.ts';
import type { Payload, Sequencer } from './sequencer.ts';
import type { SessionRegistry } from './session-registry.ts';

export interface CommandReaderParts {
  readonly ring: SpscRing;
  readonly port: MessagePort;
  readonly registry: SessionRegistry;
  readonly index: RoomIndex;
  readonly targets: TargetSet;
  readonly sequencer: Sequencer;
  /** I/O thread of a slot. */
  readonly threadOf: (slot: number) => number;
}

export class CommandReader {
  readonly #parts: CommandReaderParts;
  readonly #rows = new IntList();
  readonly #slots = new IntList();
  readonly #exceptRows = new IntList();
  readonly #exceptSlots = new IntList();
  readonly #payload: Payload;
  /** Target words of the broadcast that readers keep, to see that the next one names the same. */
  #kept = new Int32Array(64);
  #keptWords = -1;
  #keptVersion = -1;
  /** Region of a gated record: taken from the port once, kept until the record goes. */
  #held: SharedArrayBuffer | undefined;
  #gated = false;

  constructor(parts: CommandReaderParts) {
    this.#parts = parts;
    this.#payload = { words: parts.ring.words, offset: 0, bytes: 0, region: undefined };
  }

  /** True while a record waits for the log. */
  get gated(): boolean {
    return this.#gated;
  }

  /** True when every command has been carried out. */
  get idle(): boolean {
    return !this.#gated && this.#parts.ring.isEmpty();
  }

  /** Carries out at most `limit` commands; returns how many. */
  read(limit: number): number {
    const { ring } = this.#parts;
    let read = 0;
    this.#gated = false;
    while (read < limit && ring.next()) {
      if (!this.#execute()) {
        ring.unread();
        this.#gated = true;
        break;
      }
      read++;
    }
    if (read > 0) ring.free();
    return read;
  }

  /** False when the record must wait. */
  #execute(): boolean {
    const { ring, registry, index, sequencer } = this.#parts;
    const { words } = ring;
    const word = ring.offset >> 2;
    switch (ring.type) {
      case CMD_SEND:
        return this.#send(word);
      case CMD_BROADCAST:
        return this.#broadcast(word);
      case CMD_JOIN:
      case CMD_LEAVE: {
        const slot = registry.slotOf(getSession(words, word));
        if (slot < 0) return true; // it ended before the app thread knew
        const first = word + (CMD_ROWS_HEAD_BYTES >> 2);
        for (let i = first; i < first + words[word + 2]; i++) {
          if (ring.type === CMD_JOIN) index.add(words[i], slot);
          else index.remove(words[i], slot);
        }
        return true;
      }
      case CMD_FREE_ROW:
        index.free(words[word]);
        return true;
      case CMD_CLOSE: {
        const slot = registry.slotOf(getSession(words, word));
        if (slot < 0) return true;
        return sequencer.control(LOG_CLOSE, this.#parts.threadOf(slot), slot, words[word + 2]);
      }
      case CMD_CLOSE_SERVER:
        return sequencer.control(LOG_CLOSE_SERVER, -1, words[word]);
      default:
        throw new RangeError(`command of unknown type ${ring.type}`);
    }
  }

  #send(word: number): boolean {
    const { ring, registry, index, targets, sequencer } = this.#parts;
    const payload = this.#takePayload(ring.offset + CMD_SEND_HEAD_BYTES, ring.words[word + 3]);
    const slot = registry.slotOf(getSession(ring.words, word));
    if (slot < 0) return this.#settle(true);
    this.#rows.clear();
    this.#exceptRows.clear();
    this.#exceptSlots.clear();
    this.#slots.clear();
    this.#slots.push(slot);
    targets.resolve(index, this.#rows, this.#slots, this.#exceptRows, this.#exceptSlots);
    return this.#settle(sequencer.send(ring.words[word + 2], targets, payload));
  }

  #broadcast(word: number): boolean {
    const { ring, index, targets, sequencer } = this.#parts;
    const { words } = ring;
    const flags = words[word];
    const lists = word + 2; // the four counts, then the lists
    const listWords = 4 + words[lists] + 2 * words[lists + 1] + words[lists + 2] + 2 * words[lists + 3];
    const headBytes = align8(CMD_BROADCAST_HEAD_BYTES + (listWords - 4) * 4);
    const payload = this.#takePayload(ring.offset + headBytes, words[word + 1]);
    if (this.#namesKept(lists, listWords)) return this.#settle(sequencer.repeat(flags, payload));

    this.#readLists(lists);
    targets.resolve(index, this.#rows, this.#slots, this.#exceptRows, this.#exceptSlots);
    const sent = sequencer.send(flags, targets, payload);
    if (sent && sequencer.keptLast) this.#keep(lists, listWords);
    return this.#settle(sent);
  }

  #readLists(lists: number): void {
    const { words } = this.#parts.ring;
    let at = lists + 4;
    at = fill(this.#rows, words, at, words[lists]);
    at = this.#fillSlots(this.#slots, at, words[lists + 1]);
    at = fill(this.#exceptRows, words, at, words[lists + 2]);
    this.#fillSlots(this.#exceptSlots, at, words[lists + 3]);
  }

  /** Sessions as slots; one that has ended becomes -1, which is nobody. */
  #fillSlots(list: IntList, at: number, count: number): number {
    const { ring, registry } = this.#parts;
    list.clear();
    for (let i = 0; i < count; i++) list.push(registry.slotOf(getSession(ring.words, at + 2 * i)));
    return at + 2 * count;
  }

  #takePayload(offset: number, bytes: number): Payload {
    const payload = this.#payload;
    payload.offset = offset;
    payload.bytes = bytes;
    payload.region = undefined;
    if ((this.#parts.ring.flags & FLAG_LARGE) !== 0) {
      this.#held ??= takeRegion(this.#parts.port);
      payload.region = this.#held;
    }
    return payload;
  }

  /** A record that went takes its region along; a gated one leaves it here. */
  #settle(done: boolean): boolean {
    if (done) this.#held = undefined;
    return done;
  }

  #namesKept(lists: number, listWords: number): boolean {
    const { ring, index, sequencer } = this.#parts;
    if (!sequencer.canRepeat || this.#keptVersion !== index.version || this.#keptWords !== listWords) return false;
    for (let i = 0; i < listWords; i++) if (ring.words[lists + i] !== this.#kept[i]) return false;
    return true;
  }

  #keep(lists: number, listWords: number): void {
    if (this.#kept.length < listWords) this.#kept = new Int32Array(listWords * 2);
    for (let i = 0; i < listWords; i++) this.#kept[i] = this.#parts.ring.words[lists + i];
    this.#keptWords = listWords;
    this.#keptVersion = this.#parts.index.version;
  }
}

function fill(list: IntList, words: Int32Array, at: number, count: number): number {
  list.clear();
  for (let i = 0; i < count; i++) list.push(words[at + i]);
  return at + count;
}
