/**
 * As with Express 2, whose application is the HTTP server itself. Express 2 is too old to depend on, so a class of a few
 * lines stands in for `require('express').createServer()`; below it, nothing differs.
 */
import { createReadStream } from 'node:fs';
import { Server as HttpServer } from 'node:http';
import { Server } from '../../core/index.ts';
import { announce, PORT } from '../port.ts';

class Application extends HttpServer {
  #routes = new Map();

  constructor() {
    super();
    this.on('request', (request, response) => {
      const route = this.#routes.get(request.url);
      if (route) route(request, response);
      else response.writeHead(404).end();
    });
  }

  get(path, route) {
    this.#routes.set(path, route);
  }
}

const app = new Application();
const io = new Server(app);

app.listen(PORT, () => announce(app, 'open'));

app.get('/', (_request, response) => {
  response.setHeader('content-type', 'text/html; charset=utf-8');
  createReadStream(new URL('index.html', import.meta.url)).pipe(response);
});

io.on('connection', (socket) => {
  socket.emit('news', { hello: 'world' });
  socket.on('my other event', (data) => {
    console.log('received', JSON.stringify(data));
  });
});
