/**
 * Small numbers for names that many lists share, so that a list can be an array of numbers, which the garbage collector
 * need not follow. App thread.
 */
export class NameTable {
  readonly #numbers = new Map<string, number>();
  /** By number; undefined for one that is free. */
  readonly #names: (string | undefined)[] = [];
  /** By number: lists that hold it. */
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  /** The number of a name that is in use. */
  find(name: string): number | undefined {
    return this.#numbers.get(name);
  }

  /** The name of a number in use. */
  name(number: number): string {
    return this.#names[number] as string;
  }

  /** The number of a name, for one more list. @param known what `find` says */
  acquire(name: string, known = this.find(name)): number {
    if (known !== undefined) {
      this.#uses[known]++;
      return known;
    }
    const number = this.#free.pop() ?? this.#names.length;
    this.#numbers.set(name, number);
    this.#names[number] = name;
    this.#uses[number] = 1;
    return number;
  }

  /** A list no longer holds it; without any the number is free for another name. */
  release(number: number): void {
    if (--this.#uses[number] > 0) return;
    this.#numbers.delete(this.name(number));
    this.#names[number] = undefined;
    this.#free.push(number);
  }
}
