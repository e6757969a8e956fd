/** Emits to all clients and exits in the same tick. Arguments: clients, characters of the payload. */
import { connected, host } from './host.ts';

const io = host();
await connected(io, Number(process.argv[2]));
io.emit('n', 1);
io.emit('big', 'x'.repeat(Number(process.argv[3])));
io.emit('n', 2);
process.exit(4);
