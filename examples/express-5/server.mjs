/**
 * Express 5 behind Broadside's own port: the I/O threads own every connection and pass Express what is not theirs, so
 * that no byte of a Socket.IO client crosses the application's thread. An application imports 'express'.
 */
import { fileURLToPath } from 'node:url';
import express from 'express-5';
import { Server } from '../../core/index.ts';
import { announce, PORT } from '../port.ts';

const app = express();
app.set('trust proxy', 1); // Broadside stands before Express: request.ip is the client's
const io = new Server();

app.get('/', (_request, response) => {
  response.sendFile(fileURLToPath(new URL('index.html', import.meta.url)));
});

io.on('connection', (socket) => {
  socket.emit('news', { hello: 'world' });
  socket.on('my other event', (data) => {
    console.log('received', JSON.stringify(data));
  });
});

io.listen(PORT, { http: app });
announce(io.httpServer, 'open');
