/**
 * An invented exchange: symbols whose prices walk at random. It knows nothing of sockets.
 */

const LETTERS = 'BCDGHJLMPR'; // no vowels, so that no symbol is a word
const HISTORY = 60;
/** Largest step of a price, as a share of it. */
const STEP = 0.004;

interface Quote {
  price: number;
  /** Latest prices, oldest first, the current one included. */
  readonly history: number[];
}

export class Market {
  readonly #quotes = new Map<string, Quote>();

  /** @param count of symbols, at most 720 */
  constructor(count: number) {
    for (const symbol of symbolNames().slice(0, count)) {
      const price = Math.round(100 * 10 ** (Math.random() * 2 + 0.7)) / 100;
      const quote: Quote = { price, history: [price] };
      this.#quotes.set(symbol, quote);
      while (quote.history.length < HISTORY) this.#move(quote);
    }
  }

  get symbols(): string[] {
    return [...this.#quotes.keys()];
  }

  /** Latest prices of a symbol, oldest first; undefined when there is no such symbol. */
  history(symbol: string): readonly number[] | undefined {
    return this.#quotes.get(symbol)?.history;
  }

  /** Moves some prices and returns them. @param share of the symbols that trade, 0 to 1 */
  trade(share: number): [symbol: string, price: number][] {
    const moved: [string, number][] = [];
    for (const [symbol, quote] of this.#quotes) {
      if (Math.random() < share) moved.push([symbol, this.#move(quote)]);
    }
    return moved;
  }

  #move(quote: Quote): number {
    const next = quote.price * (1 + (Math.random() * 2 - 1) * STEP);
    quote.price = Math.max(0.01, Math.round(next * 100) / 100);
    quote.history.push(quote.price);
    if (quote.history.length > HISTORY) quote.history.shift();
    return quote.price;
  }
}

function symbolNames(): string[] {
  const names: string[] = [];
  for (const a of LETTERS) for (const b of LETTERS) for (const c of LETTERS) names.push(a + b + c);
  return names.filter((name) => new Set(name).size === 3);
}
