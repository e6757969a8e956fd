/**
 * Requests of one I/O thread that are parked until the app thread has spoken.
 */
import type { Question, Verdict } from './gate.ts';

export class ParkedQuestions {
  readonly #post: (id: number, question: Question) => void;
  readonly #callbacks = new Map<number, (verdict: Verdict) => void>();
  #nextId = 1;

  /** @param post asks the app thread, which answers with the same id */
  constructor(post: (id: number, question: Question) => void) {
    this.#post = post;
  }

  ask(question: Question, callback: (verdict: Verdict) => void): void {
    const id = this.#nextId++;
    this.#callbacks.set(id, callback);
    this.#post(id, question);
  }

  answer(id: number, verdict: Verdict): void {
    const callback = this.#callbacks.get(id);
    this.#callbacks.delete(id);
    callback?.(verdict);
  }
}
