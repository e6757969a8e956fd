/**
 * A Map of Sets for millions of members: what nobody has asked for as a Set is kept as a single member, or as a list of
 * numbers. Most sockets are in the room of their own id and in no other, and a Set costs ten times what it holds; and
 * tables with a million entries make collections of garbage that stop the application for ten milliseconds. App thread.
 */
import type { MapSource } from './hashed-map.ts';
import { NameTable } from './name-table.ts';
import { MAX_NUMBERS, NumberList } from './number-list.ts';

/**
 * One member, numbers of members in the order they came, or a Set. Lists are searched from the front, which takes half a
 * microsecond for the longest there may be; what outgrows them becomes a Set.
 */
type Entry = string | NumberList | Set<string>;

/** Behind a key whose single member was taken out; never changed. */
const NOBODY = new NumberList();

export class SetMap implements MapSource<Set<string>> {
  readonly #entries = new Map<string, Entry>();
  readonly #names = new NameTable();

  keys(): MapIterator<string> {
    return this.#entries.keys();
  }

  hasKey(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The live Set of a key, from now on kept as such; undefined for a key that is not there. Not to be changed. */
  get(key: string): Set<string> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry instanceof Set) return entry;
    const set = new Set(this.members(key));
    if (typeof entry !== 'string') this.#release(entry);
    this.#entries.set(key, set);
    return set;
  }

  /** What the Set of a key holds: the Set itself, when there is one. */
  members(key: string): Iterable<string> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    if (typeof entry === 'string') return [entry];
    return entry instanceof Set ? entry : this.#namesOf(entry);
  }

  has(key: string, member: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    if (typeof entry === 'string') return entry === member;
    return entry instanceof Set ? entry.has(member) : this.#indexOf(entry, member) >= 0;
  }

  /** Keys. */
  get count(): number {
    return this.#entries.size;
  }

  /** Members of a key, 0 for one that is not there. */
  size(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined) return 0;
    if (typeof entry === 'string') return 1;
    return entry instanceof Set ? entry.size : entry.length;
  }

  /** Members of the key with this one; 0 when it was there already. */
  add(key: string, member: string): number {
    // hot: one look at the Map, one at the names or the Set.
    const entry = this.#entries.get(key);
    if (entry === undefined || entry === NOBODY) {
      this.#entries.set(key, member);
      return 1;
    }
    if (typeof entry === 'string') {
      if (entry === member) return 0;
      return this.#list(key, entry, member).length;
    }
    if (entry instanceof Set) {
      const before = entry.size;
      entry.add(member);
      return entry.size === before ? 0 : entry.size;
    }
    const number = this.#names.find(member);
    if (number !== undefined && entry.indexOf(number) >= 0) return 0;
    if (entry.length === MAX_NUMBERS) return this.get(key)!.add(member).size;
    return entry.push(this.#names.acquire(member, number));
  }

  /** Takes a member out; its key stays, with nothing behind the last one. False when it was not there. */
  remove(key: string, member: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    if (entry instanceof Set) return entry.delete(member);
    if (typeof entry === 'string') {
      if (entry !== member) return false;
      this.#entries.set(key, NOBODY);
      return true;
    }
    const at = this.#indexOf(entry, member);
    if (at < 0) return false;
    this.#names.release(entry.at(at));
    entry.removeAt(at);
    return true;
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry instanceof NumberList) this.#release(entry);
    this.#entries.delete(key);
  }

  #list(key: string, first: string, second: string): NumberList {
    const list = new NumberList();
    list.push(this.#names.acquire(first));
    list.push(this.#names.acquire(second));
    this.#entries.set(key, list);
    return list;
  }

  #indexOf(list: NumberList, member: string): number {
    const number = this.#names.find(member);
    return number === undefined ? -1 : list.indexOf(number);
  }

  #namesOf(list: NumberList): string[] {
    return Array.from({ length: list.length }, (_, i) => this.#names.name(list.at(i)));
  }

  #release(list: NumberList): void {
    if (list === NOBODY) return;
    for (let i = 0; i < list.length; i++) this.#names.release(list.at(i));
    list.release();
  }
}
