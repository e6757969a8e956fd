/**
 * The package as its users get it, built from the source that is here. From source every function would carry what tsx
 * adds to it, and every thread a second one that loads modules; the rivals' packages come built too.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);

/** Takes a second. @throws Error when it cannot be built; the compiler has said why. */
export function buildPackage(): void {
  execFileSync(process.execPath, ['build.mjs'], { cwd: fileURLToPath(ROOT), stdio: 'inherit' });
}

/** What was built last. */
export function loadPackage(): Promise<typeof import('../../core/index.ts')> {
  return import(new URL('dist/core/index.js', ROOT).href);
}
