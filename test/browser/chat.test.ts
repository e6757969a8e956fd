/** The Express chat in two pages of a real browser. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Example } from '../examples/example.ts';
import { launchBrowser } from '../support/browser.ts';
import type { Page } from '../support/page.ts';

const browser = await launchBrowser();

/** What a page shows of the conversation: `name: text`, notes as they are. */
const CONVERSATION = `[...document.querySelectorAll('#messages li')].map((item) => item.querySelector('b')
  ? item.querySelector('b').textContent + ': ' + item.querySelector('span').textContent
  : item.textContent)`;

const joined = async (page: Page, name: string): Promise<void> => {
  await page.type('#join input', `${name}\n`);
  await page.until(`document.querySelector('#join').hidden`);
  // What is volatile may be dropped for a client that has no request open.
  await page.until(`socket.io.engine.transport.name === 'websocket'`);
};

describe('the chat example', { skip: browser.skip }, () => {
  it('carries what two people write, in order, and who is there', async (t) => {
    const example = new Example(t, 'chat/server.mjs');
    const url = await example.said('open');
    const size = { width: 760, height: 640 };
    const [anna, bob] = [await browser.open(size), await browser.open(size)];
    for (const page of [anna, bob]) await page.goto(url);

    await joined(anna, 'Anna');
    await bob.type('#join input', 'Anna\n');
    await bob.until(`document.querySelector('#problem').textContent === 'Anna is here already.'`);
    await bob.evaluate(`document.querySelector('#join input').value = ''`);
    await joined(bob, 'Bob');
    for (const page of [anna, bob]) {
      await page.until(`document.querySelector('#people').textContent === 'Anna, Bob'`);
    }

    await anna.type('#compose input', 'Good morning, Bob!\n');
    await bob.until(`${CONVERSATION}.includes('Anna: Good morning, Bob!')`);
    await bob.type('#compose input', 'Good morning. Is <b>this</b> the new server?');
    await anna.until(`document.querySelector('#typing').textContent === 'Bob is typing …'`);
    await bob.click('#compose button');
    await anna.until(`${CONVERSATION}.length === 4`);
    await anna.type('#compose input', 'It is. Twelve thousand people in here, and it has not noticed.\n');
    await bob.until(`${CONVERSATION}.length === 4`);

    const words = [
      'Anna: Good morning, Bob!',
      'Bob: Good morning. Is <b>this</b> the new server?',
      'Anna: It is. Twelve thousand people in here, and it has not noticed.',
    ];
    await anna.until(`${CONVERSATION}.length === 5`);
    assert.deepEqual(await anna.evaluate(CONVERSATION), ['You have joined', 'Bob has joined', ...words]);
    assert.deepEqual(await bob.evaluate(CONVERSATION), ['You have joined', ...words]);

    t.diagnostic(`screenshot: ${await anna.screenshot('chat')}`);

    await bob.close();
    await anna.until(`${CONVERSATION}.at(-1) === 'Bob has left'`);
    await anna.until(`document.querySelector('#people').textContent === 'Anna'`);
    anna.assertNoComplaints();
    bob.assertNoComplaints();
    await anna.close();
  });

  for (const name of ['node-http/server.ts', 'express-4/server.mjs', 'express-5/server.mjs']) {
    it(`beside it, the page of ${name} shows the news and answers`, async (t) => {
      const example = new Example(t, name);
      const page = await browser.open();
      await page.goto(await example.said('open'));
      await page.until(`document.querySelector('#news').textContent === '{"hello":"world"}'`);
      assert.equal(await example.said('received'), '{"my":"data"}');
      page.assertNoComplaints();
      await page.close();
    });
  }
});
