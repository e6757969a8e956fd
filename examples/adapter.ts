/**
 * An adapter of your own: here the one that is built in, with a diary. One that inherits like this keeps the fan-out on
 * the I/O threads; those that keep rooms elsewhere, such as in Redis, are set in the same way.
 */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);

class DiaryAdapter extends io.adapter() {
  override init(): void {
    this.on('create-room', (room: string) => console.log(this.nsp.name, 'has a room', room));
    this.on('delete-room', (room: string) => console.log(this.nsp.name, 'lost a room', room));
  }
}

io.adapter(DiaryAdapter);

io.on('connection', (socket) => {
  socket.join('readers');
  io.to('readers').emit('page', 'one');
});

announce(io.httpServer);
