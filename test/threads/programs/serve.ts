/** Serves until a signal ends it. */
import { host } from './host.ts';

host();
