/** One Server listens on two ports and gives both back. */
import { host, portOf, say } from './host.ts';

const io = host();
const first = portOf(io);
io.listen(0);
say('second', portOf(io));
if (portOf(io) === first) throw new Error('the same port twice');
if (process.argv[2] === 'exit') process.exit(8);
await io.close();
