/** Bytes as arguments, at any depth, in both directions. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

io.on('connection', (socket) => {
  socket.emit('hello', 'world');
  socket.emit('with-binary', 1, '2', { 3: '4', 5: Buffer.from([6]) });

  socket.on('upload', ({ name, content }: { name: string; content: Buffer }, done) => {
    console.log('uploaded', name, content.length);
    done(Buffer.from(content).reverse());
  });
});

announce(io.httpServer);
