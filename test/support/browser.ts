/**
 * One browser for the tests of a file, or the reason why they are skipped. Test processes run it.
 */
import { after } from 'node:test';
import { Chromium } from './chromium.ts';
import { chromiumPath } from './chromium-path.ts';
import type { Page } from './page.ts';

export interface TestBrowser {
  /** False, or why the tests cannot run: for the option `skip` of `describe`. */
  readonly skip: false | string;
  open(size?: { width: number; height: number }): Promise<Page>;
}

/** To be awaited at the top of a test file; the browser is closed after the file's last test. */
export async function launchBrowser(): Promise<TestBrowser> {
  const found = await chromiumPath();
  if ('missing' in found) {
    return { skip: found.missing, open: () => Promise.reject(new Error(found.missing)) };
  }
  const browser = await Chromium.launch(found.path);
  after(() => browser.close());
  return { skip: false, open: (size) => browser.open(size) };
}
