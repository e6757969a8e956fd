/** Exits when this many of a storm of clients have connected. Argument: how many. */
import { connected, host } from './host.ts';

const io = host();
await connected(io, Number(process.argv[2]));
process.exit(5);
