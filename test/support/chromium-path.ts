/**
 * Where Chromium is, installed first where that is possible: as root on a system with apt. Test processes run it.
 * It may take minutes once per machine; a lock keeps two test processes from installing at the same time.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Where Debian's package puts it. */
const DEBIAN_PATH = '/usr/bin/chromium';
/** A slow mirror and some 300 MB. */
const INSTALL_MS = 600_000;

const INSTALL = `[ -x ${DEBIAN_PATH} ] || {
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium
}`;

/** The program, or why there is none: it cannot be installed on such a machine, or it could and something went wrong. */
export type ChromiumPath = { readonly path: string } | { readonly impossible: string } | { readonly failed: string };

/** Finds the browser that BROADSIDE_CHROMIUM names, else Debian's, which is installed when missing. */
export async function chromiumPath(): Promise<ChromiumPath> {
  const named = process.env.BROADSIDE_CHROMIUM;
  if (named !== undefined) {
    return existsSync(named) ? { path: named } : { failed: `BROADSIDE_CHROMIUM names ${named}, which does not exist` };
  }
  if (existsSync(DEBIAN_PATH)) return { path: DEBIAN_PATH };
  if (process.getuid?.() !== 0) return { impossible: `no ${DEBIAN_PATH}, and only root can install it` };
  if (!existsSync('/usr/bin/apt-get')) return { impossible: `no ${DEBIAN_PATH}, and no apt to install it` };
  try {
    const lock = join(tmpdir(), 'broadside-chromium.lock');
    await promisify(execFile)('flock', [lock, 'sh', '-c', INSTALL], {
      timeout: INSTALL_MS,
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  } catch (error) {
    return { failed: `apt could not install chromium: ${lastLine(error)}` };
  }
  return existsSync(DEBIAN_PATH) ? { path: DEBIAN_PATH } : { failed: `apt installed chromium, but no ${DEBIAN_PATH}` };
}

/**
 * For the option `skip` of tests that need the browser: false, or why they cannot run.
 *
 * @param ci whether nobody watches, as the environment variable CI says: then what went wrong must not pass as a skip
 * @throws when it could have been installed, and `ci`
 */
export function skipReason(found: ChromiumPath, ci: boolean): false | string {
  if ('path' in found) return false;
  if ('impossible' in found) return found.impossible;
  if (ci) throw new Error(`The browser tests cannot run: ${found.failed}`);
  return found.failed;
}

function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message: string };
  return (stderr?.trim() || message).split('\n').at(-1) as string;
}
