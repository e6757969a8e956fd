/** Express 4, attached to its HTTP server: Node owns the port. An application imports 'express'. */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express-4';
import { Server } from '../../core/index.ts';
import { announce, PORT } from '../port.ts';

const app = express();
const server = createServer(app);
const io = new Server(server);

app.get('/', (_request, response) => {
  response.sendFile(fileURLToPath(new URL('index.html', import.meta.url)));
});

io.on('connection', (socket) => {
  socket.emit('news', { hello: 'world' });
  socket.on('my other event', (data) => {
    console.log('received', JSON.stringify(data));
  });
});

server.listen(PORT, () => announce(server, 'open'));
