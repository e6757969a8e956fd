const socket = io();
const find = (selector) => document.querySelector(selector);
const [board, add, state, rate] = ['#board', '#add', '#state', '#rate'].map(find);

/** Points of a sparkline. */
const POINTS = 60;
const FLASH_MS = 400;
const FIRST_SYMBOLS = 12;

const cards = new Map();
let known = [];
let prices = 0;

class Card {
  #history = [];
  #parts;
  #drawing = false;

  constructor(symbol) {
    this.symbol = symbol;
    this.element = find('#card').content.firstElementChild.cloneNode(true);
    this.element.dataset.symbol = symbol;
    const part = (selector) => this.element.querySelector(selector);
    this.#parts = { price: part('.price'), change: part('.change'), line: part('.line'), area: part('.area') };
    part('h2').textContent = symbol;
    part('button').addEventListener('click', () => remove(this));
  }

  /** Asks for the latest prices; the server then sends each new one. */
  subscribe() {
    socket.emit('subscribe', this.symbol, (history) => {
      this.#history = history.slice();
      this.#draw();
    });
  }

  show(price) {
    const before = this.#history.at(-1);
    this.#history.push(price);
    if (this.#history.length > POINTS) this.#history.shift();
    if (price !== before) this.#flash(price > before ? '--up' : '--down');
    // However many prices come, they are drawn once per frame.
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #flash(colour) {
    const tint = `color-mix(in srgb, var(${colour}) 26%, var(--card))`;
    this.element.animate([{ background: tint }, { background: 'var(--card)' }], FLASH_MS);
  }

  #draw() {
    const [first] = this.#history;
    const price = this.#history.at(-1);
    const change = (price / first - 1) * 100;
    this.element.classList.toggle('falling', change < 0);
    this.#parts.price.textContent = price.toFixed(2);
    this.#parts.change.textContent = `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(2)} %`;
    const line = linePath(this.#history);
    this.#parts.line.setAttribute('d', line);
    this.#parts.area.setAttribute('d', `${line} L100 30 L0 30 Z`);
  }
}

/** A path through the prices in a box of 100 by 30, with room for the stroke. */
function linePath(history) {
  const low = Math.min(...history);
  const span = Math.max(...history) - low || 1;
  const points = history.map((price, i) => {
    const x = (i * 100) / Math.max(1, history.length - 1);
    return `${x.toFixed(1)} ${(27 - ((price - low) / span) * 24).toFixed(1)}`;
  });
  return `M${points.join(' L')}`;
}

function insert(symbol) {
  if (cards.has(symbol)) return;
  const card = new Card(symbol);
  cards.set(symbol, card);
  board.append(card.element);
  card.subscribe();
}

function remove(card) {
  socket.emit('unsubscribe', card.symbol);
  cards.delete(card.symbol);
  card.element.remove();
}

socket.on('symbols', (symbols) => {
  // After a lost connection the server knows our symbols no longer.
  for (const card of cards.values()) card.subscribe();
  if (known.length > 0) return;
  known = symbols;
  find('#symbols').append(...symbols.map((symbol) => new Option(symbol)));
  const stride = Math.floor(symbols.length / FIRST_SYMBOLS);
  for (let i = 0; i < FIRST_SYMBOLS; i++) insert(symbols[i * stride]);
});

socket.on('price', (symbol, price) => {
  prices++;
  cards.get(symbol)?.show(price);
});

add.addEventListener('submit', (event) => {
  event.preventDefault();
  const input = add.elements.symbol;
  const symbol = input.value.trim().toUpperCase();
  input.setCustomValidity(known.includes(symbol) ? '' : 'No such symbol');
  if (!input.reportValidity()) return;
  insert(symbol);
  add.reset();
});
add.addEventListener('input', () => add.elements.symbol.setCustomValidity(''));

function showState() {
  state.classList.toggle('off', !socket.connected);
  state.textContent = socket.connected ? `live over ${socket.io.engine.transport.name}` : 'waiting for the server';
}

socket.on('connect', () => {
  showState();
  socket.io.engine.on('upgrade', showState);
});
socket.on('disconnect', showState);

setInterval(() => {
  rate.textContent = prices;
  prices = 0;
}, 1000);
