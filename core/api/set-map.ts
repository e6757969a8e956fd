/**
 * A Map of Sets for millions of small Sets: one with a single member is kept as that member until somebody asks for the
 * Set itself. Most sockets are in the room of their own id and in no other, and a Set costs ten times what it holds.
 */
export class SetMap {
  readonly #entries = new Map<string, string | Set<string>>();
  /** Somebody holds the Map itself: from then on every entry is a Set. */
  #expanded = false;

  /** The live Map, every value a live Set. Not to be changed. */
  expand(): Map<string, Set<string>> {
    if (!this.#expanded) {
      this.#expanded = true;
      for (const key of this.#entries.keys()) this.get(key);
    }
    return this.#entries as Map<string, Set<string>>;
  }

  /** The live Set of a key; undefined for a key that is not there. */
  get(key: string): Set<string> | undefined {
    const entry = this.#entries.get(key);
    if (typeof entry !== 'string') return entry;
    const set = new Set([entry]);
    this.#entries.set(key, set);
    return set;
  }

  /** What the Set of a key holds: the Set itself, when there is one. */
  members(key: string): Iterable<string> {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    return typeof entry === 'string' ? [entry] : entry;
  }

  has(key: string, member: string): boolean {
    const entry = this.#entries.get(key);
    if (typeof entry === 'string') return entry === member;
    return entry?.has(member) ?? false;
  }

  /** Keys. */
  get count(): number {
    return this.#entries.size;
  }

  /** Members of a key, 0 for one that is not there. */
  size(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined) return 0;
    return typeof entry === 'string' ? 1 : entry.size;
  }

  /** Members of the key with this one; 0 when it was there already. */
  add(key: string, member: string): number {
    // hot: one look at the Map, one at the Set.
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#entries.set(key, this.#expanded ? new Set([member]) : member);
      return 1;
    }
    if (entry === member) return 0;
    if (typeof entry === 'string') {
      this.#entries.set(key, new Set([entry, member]));
      return 2;
    }
    const before = entry.size;
    entry.add(member);
    return entry.size === before ? 0 : entry.size;
  }

  /** Takes a member out; its key stays, with an empty Set behind the last one. False when it was not there. */
  remove(key: string, member: string): boolean {
    const entry = this.#entries.get(key);
    if (entry instanceof Set) return entry.delete(member);
    if (entry !== member) return false;
    this.#entries.set(key, new Set());
    return true;
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }
}
