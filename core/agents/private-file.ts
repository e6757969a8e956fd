/**
 * A file for a secret that must not outlive the process, however that ends: it has a path, but no name. App thread.
 */
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from './private-folder.ts';

/** Linux has the open files of a process there; opening one again needs no name, and reads it from the start. */
const OPEN_FILES = '/proc/self/fd';

export interface PrivateFile {
  /** Can be opened by every thread of this process; of other processes, by those of the same user. */
  readonly path: string;
  remove(): void;
}

/**
 * @param openFiles where the system has a file for each open one; without such a folder the file keeps a name in a
 * private folder (mode 0700), which a process that is killed by a signal leaves behind
 */
export function makePrivateFile(content: string | Uint8Array, openFiles = OPEN_FILES): PrivateFile {
  const folder = makePrivateFolder('tls');
  const file = join(folder.path, 'secret');
  let descriptor: number | undefined;
  try {
    if (!existsSync(openFiles)) {
      writeFileSync(file, content, { mode: 0o600 });
      return { path: file, remove: folder.remove };
    }
    descriptor = openSync(file, 'wx', 0o600);
    folder.remove(); // before anything is in it
    writeFileSync(descriptor, content);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    folder.remove();
    throw error;
  }
  let open: number | undefined = descriptor;
  return {
    path: `${openFiles}/${descriptor}`,
    remove() {
      if (open !== undefined) closeSync(open);
      open = undefined;
    },
  };
}
