/** Beside an HTTP server of Node: one port for the application's page and for Broadside. */
import { readFile } from 'node:fs';
import { createServer } from 'node:http';
import { Server } from '../../core/index.ts';
import { announce, PORT } from '../port.ts';

const app = createServer((_request, response) => {
  readFile(new URL('index.html', import.meta.url), (error, data) => {
    if (error) {
      response.writeHead(500);
      response.end('Error loading index.html');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end(data);
  });
});
const io = new Server(app);

io.on('connection', (socket) => {
  socket.emit('news', { hello: 'world' });
  socket.on('my other event', (data) => {
    console.log('received', JSON.stringify(data));
  });
});

app.listen(PORT, () => announce(app, 'open'));
