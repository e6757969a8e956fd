/** The ticker, which `make start` runs, in a real browser. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Example } from '../examples/example.ts';
import { launchBrowser } from '../support/browser.ts';

const browser = await launchBrowser();

const card = (symbol: string): string => `document.querySelector('[data-symbol=${symbol}]')`;
const price = (symbol: string): string => `${card(symbol)}.querySelector('.price').textContent`;

it('make start runs the ticker example', async () => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url));
  const { stdout } = await promisify(execFile)('make', ['--dry-run', 'start'], { cwd });
  assert.match(stdout, /node .*examples\/ticker\/server\.ts$/m);
});

describe('the ticker example', { skip: browser.skip }, () => {
  it('shows prices that move, of the symbols one asks for', async (t) => {
    const example = new Example(t, 'ticker/server.ts');
    const page = await browser.open({ width: 1040, height: 620 });
    await page.goto(await example.said('open'));
    await page.until(`document.querySelector('#state').textContent === 'live over websocket'`);
    await page.until(`document.querySelectorAll('article .line[d]').length === 12`);

    await page.type('#add input', 'jmp\n');
    await page.until(`${card('JMP')} && ${price('JMP')} !== ''`);
    const first = await page.evaluate(price('JMP'));
    await page.until(`${price('JMP')} !== ${JSON.stringify(first)}`);
    await page.until(`document.getAnimations().length > 0`); // cards flash
    await page.until(`Number(document.querySelector('#rate').textContent) > 0`);
    assert.match(await page.evaluate(`${card('JMP')}.querySelector('.change').textContent`), /^[+−]\d+\.\d\d %$/);

    await page.click('[data-symbol=JMP] button');
    await page.until(`${card('JMP')} === null`);
    t.diagnostic(`screenshot: ${await page.screenshot('ticker')}`);
    await page.type('#add input', 'nothing\n');
    await page.until(`document.querySelector('#add input').validationMessage === 'No such symbol'`);
    assert.equal(await page.evaluate(`document.querySelectorAll('article').length`), 12);
    page.assertNoComplaints();
    await page.close();
  });
});
