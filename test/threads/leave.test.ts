/**
 * Leaving is clean in every way a process can leave: small programs, and how each of them ends. Never an abort (134,
 * 139), never a kill by a bound of our own, never a process that stays.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { LeanClient } from '../support/lean-client.ts';
import { Random } from '../support/random.ts';
import { within } from '../support/wait-for.ts';
import { assertEnding, assertFree, Program } from './run-program.ts';

/** How often a race is run, and after how many milliseconds no further run begins. */
const RACE_RUNS = Number(process.env.BROADSIDE_RACE_RUNS ?? 20);
const RACE_MS = Number(process.env.BROADSIDE_RACE_MS ?? 6000);

/** Connects clients and collects what each of them gets until its connection ends. */
function clients(port: number, count: number): Promise<string[][]> {
  const logs = Array.from({ length: count }, () => {
    const log: string[] = [];
    return new Promise<string[]>((resolve) => {
      const onPacket = (text: string): void => void (text.startsWith('2') && log.push(text));
      new LeanClient({ port, onPacket, onClose: () => resolve(log) });
    });
  });
  return within(Promise.all(logs), `the end of ${count} connections`);
}

async function race(run: (n: number) => Promise<void>): Promise<void> {
  const stop = performance.now() + RACE_MS;
  for (let n = 0; n < RACE_RUNS && (n === 0 || performance.now() < stop); n++) await run(n);
}

describe('close', () => {
  it('ends the process with code 0; the port can be bound in the same tick', async () => {
    const program = new Program('close', {}, ['0']);
    assertEnding(await program.ended, 0);
    await program.said('closed');
    await assertFree(await program.port());
  });

  it('with 200 clients connected ends them and the process', async () => {
    const program = new Program('close', {}, ['200']);
    const ended = clients(await program.port(), 200);
    assertEnding(await program.ended, 0);
    await ended;
  });

  it('a second time closes nothing and says so', async () => {
    const program = new Program('close-twice');
    assertEnding(await program.ended, 0);
    assert.equal(await program.said('errors'), 'ERR_SERVER_NOT_RUNNING,ERR_SERVER_NOT_RUNNING,undefined');
  });

  it('leaves the port to another Server in the same tick', async () => {
    const program = new Program('reopen');
    assertEnding(await program.ended, 0);
    assert.equal(await program.said('same'), 'true');
  });

  it('of ten Servers that share threads ends one after the other; a later one gets threads of its own', async () => {
    const program = new Program('many-servers');
    assertEnding(await program.ended, 0);
    assert.deepEqual([await program.said('more'), await program.said('ports')], ['0', '10']);
    await program.said('closed');
  });

  it('gives back every port of a Server that listens on two', async () => {
    for (const [way, code] of [
      ['close', 0],
      ['exit', 8],
    ] as const) {
      const program = new Program('two-ports', {}, [way]);
      assertEnding(await program.ended, code);
      await assertFree(await program.port());
      await assertFree(Number(await program.said('second')));
    }
  });
});

describe('process.exit', () => {
  it("inside a socket's handler ends with its code", async () => {
    const program = new Program('exit-in-handler');
    const port = await program.port();
    await say(port, 'bye');
    assertEnding(await program.ended, 3);
    await assertFree(port);
  });

  for (const characters of [10, 1_000_000]) {
    it(`right after an emit delivers it to every client, ${characters} characters`, async () => {
      const count = 100;
      const program = new Program('emit-and-exit', {}, [String(count), String(characters)]);
      const ended = clients(await program.port(), count);
      const expected = ['2["n",1]', `2["big","${'x'.repeat(characters)}"]`, '2["n",2]'];
      for (const log of await ended) {
        assert.deepEqual(
          log.map((text) => text.length),
          expected.map((text) => text.length),
        );
        assert.ok(log.every((text, i) => text === expected[i]));
      }
      assertEnding(await program.ended, 4);
    });
  }

  it('does not wait for ever for a client that reads nothing', async () => {
    const program = new Program('emit-and-exit', {}, ['1', '12000000']);
    const port = await program.port();
    const tcp = connect(port, '127.0.0.1');
    tcp.on('error', () => {}); // a reset is how it ends
    tcp.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n` +
        'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await once(tcp, 'data');
    tcp.pause();
    tcp.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x34, 0x30])); // the text frame "40"
    assertEnding(await program.ended, 4);
    tcp.destroy();
    await assertFree(port);
  });

  it('while clients are connecting in a storm ends with its code', async () => {
    const random = new Random();
    await race(async () => {
      const program = new Program('exit-at-count', {}, [String(random.between(1, 40))]);
      const port = await program.port();
      const ended = clients(port, 50);
      assertEnding(await program.ended, 5);
      await ended;
      await assertFree(port);
    });
  });

  it('right after a Server was made ends with its code', async () => {
    await race(async () => {
      const program = new Program('exit-at-once');
      assertEnding(await program.ended, 6);
      await assertFree(await program.port());
    });
  });

  it('while a crashed thread restarts ends with its code', async () => {
    const moments = ['0', 'news0', '1', 'news1', '2', 'news2', '5', 'news5', 'news20', 'news100'];
    await race(async (n) => {
      const program = new Program('exit-in-restart', {}, [moments[n % moments.length]]);
      assertEnding(await program.ended, 7);
      await assertFree(await program.port());
    });
  });
});

describe('an error that nobody catches', () => {
  for (const [name, how] of [
    ['exception', 'throw'],
    ['rejection', 'reject'],
  ] as const) {
    it(`ends the process with code 1 and is shown: ${name}`, async () => {
      const program = new Program('throw-in-handler', {}, [how]);
      const port = await program.port();
      await say(port, 'bye');
      const ending = await program.ended;
      assertEnding(ending, 1);
      assert.match(ending.stderr, /a bug in user code/);
      await assertFree(port);
    });
  }
});

describe('the loss of a thread that cannot be replaced', () => {
  it('ends the process at once and shows why', async () => {
    const program = new Program('lose-coordinator');
    await clients(await program.port(), 1);
    const ending = await program.ended;
    assertEnding(ending, null, 'SIGKILL'); // the apps of the I/O threads can no longer be closed
    assert.match(ending.stderr, /ERR_COORDINATOR_LOST|the coordinator thread ended/);
    assert.match(ending.stderr, /region that was not posted/);
  });
});

describe('a signal', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`with default handling ends the process by it: ${signal}`, async () => {
      const program = new Program('serve');
      const port = await program.port();
      const ended = clients(port, 10);
      program.kill(signal);
      assertEnding(await program.ended, null, signal);
      await ended;
      await assertFree(port);
    });
  }
});

describe('a port in use', () => {
  it("is an error event on io.httpServer, like Node's", async () => {
    const program = new Program('port-in-use', {}, ['listen']);
    assertEnding(await program.ended, 0);
    assert.deepEqual([await program.said('code'), await program.said('address')], ['EADDRINUSE', 'null']);
  });

  it('ends a program that does not listen for the error with code 1', async () => {
    const ending = await new Program('port-in-use').ended;
    assertEnding(ending, 1);
    assert.match(ending.stderr, /EADDRINUSE/);
  });
});

describe('the debug log', () => {
  it('reports crash and restart of a thread on stderr, when asked for', async () => {
    const loud = await new Program('crash', { NODE_DEBUG: 'broadside' }).ended;
    assertEnding(loud, 0);
    assert.match(loud.stderr, /BROADSIDE \d+: I\/O thread 1 crashed: Error: the probe/);
    assert.match(loud.stderr, /BROADSIDE \d+: I\/O thread 1 restarts/);
    const quiet = await new Program('crash', { NODE_DEBUG: '' }).ended;
    assertEnding(quiet, 0);
    assert.equal(quiet.stderr, '');
  });
});

/** Connects a client that sends one event as soon as it may, and resolves when its connection has ended. */
function say(port: number, event: string): Promise<void> {
  return new Promise((resolve) => {
    const client = new LeanClient({
      port,
      onPacket: (text) => text.startsWith('0') && client.sendPacket(`2["${event}"]`),
      onClose: resolve,
    });
  });
}
