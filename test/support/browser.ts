/**
 * One browser for the tests of a file, or the reason why they are skipped. Test processes run it.
 */
import { after } from 'node:test';
import { Chromium } from './chromium.ts';
import { chromiumPath, skipReason } from './chromium-path.ts';
import type { Page } from './page.ts';

export interface TestBrowser {
  /** False, or why the tests cannot run: for the option `skip` of `describe`. */
  readonly skip: false | string;
  open(size?: { width: number; height: number }): Promise<Page>;
}

/**
 * To be awaited at the top of a test file; the browser is closed after the file's last test.
 *
 * @throws with the environment variable CI, where the browser could be installed and was not
 */
export async function launchBrowser(): Promise<TestBrowser> {
  const found = await chromiumPath();
  const skip = skipReason(found, ['true', '1'].includes(process.env.CI ?? ''));
  if (!('path' in found)) return { skip, open: () => Promise.reject(new Error(String(skip))) };
  const browser = await Chromium.launch(found.path);
  after(() => browser.close());
  return { skip: false, open: (size) => browser.open(size) };
}
