/**
 * Where the browser client lies that is served: in the installed `socket.io-client`. App thread.
 */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ClientFiles } from './segment.ts';

let found: ClientFiles | undefined;

/** @throws when socket.io-client is not installed */
export function clientBundle(): ClientFiles {
  if (found === undefined) {
    const require = createRequire(import.meta.url);
    const manifest = require.resolve('socket.io-client/package.json');
    found = { folder: join(dirname(manifest), 'dist'), version: (require(manifest) as { version: string }).version };
  }
  return found;
}
