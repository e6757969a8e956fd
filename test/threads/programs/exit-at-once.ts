/** Exits right after a Server was made. */
import { host } from './host.ts';

host();
process.exit(6);
