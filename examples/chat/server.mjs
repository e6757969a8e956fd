/** A chat with Express: names, who is here, who is typing. An application imports 'express'. */
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express-5';
import { Server } from '../../core/index.ts';
import { announce, PORT } from '../port.ts';

const MAX_NAME = 20;
const MAX_TEXT = 500;

const app = express();
const server = createServer(app);
const io = new Server(server);

app.use(express.static(fileURLToPath(new URL('public', import.meta.url))));

/** A trimmed string of bounded length; empty when the client sent anything else. */
const clean = (value, length) => (typeof value === 'string' ? value.trim().slice(0, length) : '');

const names = () => [...io.sockets.sockets.values()].map((socket) => socket.data.name).filter(Boolean);

io.on('connection', (socket) => {
  socket.on('join', (wanted, answer) => {
    const name = clean(wanted, MAX_NAME);
    if (typeof answer !== 'function' || socket.data.name) return;
    if (name === '') return answer({ error: 'A name, please.' });
    if (names().includes(name)) return answer({ error: `${name} is here already.` });
    socket.data.name = name;
    socket.join('chat');
    answer({ name, people: names() });
    socket.to('chat').emit('joined', name, names());
  });

  socket.on('message', (wanted) => {
    const text = clean(wanted, MAX_TEXT);
    if (socket.data.name && text !== '')
      io.to('chat').emit('message', { name: socket.data.name, text, at: Date.now() });
  });

  socket.on('typing', () => {
    if (socket.data.name) socket.to('chat').volatile.emit('typing', socket.data.name);
  });

  socket.on('disconnect', () => {
    if (socket.data.name) io.to('chat').emit('left', socket.data.name, names());
  });
});

server.listen(PORT, () => announce(server, 'open'));
