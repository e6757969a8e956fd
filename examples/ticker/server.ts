/**
 * Live prices: a room per symbol, and every trade a volatile event to that room. A page that cannot keep up misses
 * prices that are old by then, and holds up nobody.
 */
import { createReadStream } from 'node:fs';
import type { RequestListener } from 'node:http';
import { Server } from '../../core/index.ts';
import { announce, PORT } from '../port.ts';
import { Market } from './market.ts';

const SYMBOLS = 500;
const TRADE_INTERVAL_MS = 100;
/** Share of the symbols that trade in each interval. */
const TRADE_SHARE = 0.25;

/** Type of each file by its path. */
const FILES: Record<string, string> = {
  '/': 'text/html; charset=utf-8',
  '/ticker.css': 'text/css; charset=utf-8',
  '/ticker.js': 'text/javascript; charset=utf-8',
};

const serveFiles: RequestListener = (request, response) => {
  const path = (request.url ?? '').split('?')[0];
  const type = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
  if (type === undefined) {
    response.writeHead(404).end();
    return;
  }
  response.setHeader('content-type', type);
  createReadStream(new URL(`public${path === '/' ? '/index.html' : path}`, import.meta.url)).pipe(response);
};

const market = new Market(SYMBOLS);
const io = new Server();

io.on('connection', (socket) => {
  socket.emit('symbols', market.symbols);

  socket.on('subscribe', (symbol, answer) => {
    const history = market.history(symbol);
    if (history === undefined || typeof answer !== 'function') return;
    answer(history); // before the first price, as everything to one client keeps its order
    socket.join(symbol);
  });

  socket.on('unsubscribe', (symbol) => {
    if (market.history(symbol) !== undefined) socket.leave(symbol);
  });
});

setInterval(() => {
  const { rooms } = io.of('/').adapter;
  for (const [symbol, price] of market.trade(TRADE_SHARE)) {
    if (rooms.has(symbol)) io.to(symbol).volatile.emit('price', symbol, price);
  }
}, TRADE_INTERVAL_MS);

io.listen(PORT, { http: serveFiles });
announce(io.httpServer, 'open');
