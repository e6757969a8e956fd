/**
 * A temporary folder that only this user may enter (mode 0700), for sockets, and for files while they have a name. App thread.
 * It goes with its owner, or with the process; only a process that is killed by a signal leaves it behind.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guardExit, unguardExit } from './exit-guard.ts';

export interface PrivateFolder {
  readonly path: string;
  /** Removes it with all that is in it. */
  remove(): void;
}

/** @param purpose part of its name */
export function makePrivateFolder(purpose: string): PrivateFolder {
  const path = mkdtempSync(join(tmpdir(), `broadside-${purpose}-`));
  const remove = (): void => {
    rmSync(path, { recursive: true, force: true });
    unguardExit(remove);
  };
  guardExit(remove);
  return { path, remove };
}
