/** Closes twice, at once and afterwards; only the first has something to close. */
import { host, say } from './host.ts';

const io = host();
const errors: (string | undefined)[] = [];
const note = (error?: Error & { code?: string }): void => void errors.push(error?.code);
await Promise.all([io.close(note), io.close(note)]);
await io.close(note);
say('errors', errors.map(String).sort());
