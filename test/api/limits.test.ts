/**
 * Budgets of what one client may send.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { GivenOptions } from '../../core/api/api-options.ts';
import { Server } from '../../core/api/server.ts';
import { fakeServer, join } from '../support/fake-engine.ts';

const nested = (depth: number): string => `2["m"${depth > 1 ? `,${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}` : ''}]`;
const announced = (count: number): string => {
  const holes = Array.from({ length: count }, (_, num) => `{"_placeholder":true,"num":${num}}`);
  return `5${count}-["m",${holes.join()}]`;
};

async function outcome(options: GivenOptions, ...frames: (string | Buffer)[]): Promise<string> {
  const { io, engine } = fakeServer(options);
  const conn = await join(engine);
  let error = 'accepted';
  for (const socket of io.sockets.sockets.values()) {
    socket.on('error', ({ message }) => {
      error = message;
    });
  }
  conn.receive(...frames);
  assert.equal(conn.readyState, error === 'accepted' ? 'open' : 'closing');
  return error;
}

describe('a client may send', () => {
  it('events nested up to maxDepth', async () => {
    assert.equal(await outcome({ maxDepth: 3 }, nested(3)), 'accepted');
    assert.equal(await outcome({ maxDepth: 3 }, nested(4)), 'payload nested too deep');
  });

  it('up to maxArguments arguments, the name included', async () => {
    assert.equal(await outcome({ maxArguments: 2 }, '2["m",1]'), 'accepted');
    assert.equal(await outcome({ maxArguments: 2 }, '2["m",1,2]'), 'too many arguments');
  });

  it('up to maxAttachments attachments, of maxAttachmentBytes together', async () => {
    const bytes = [Buffer.alloc(4), Buffer.alloc(4)];
    assert.equal(await outcome({ maxAttachments: 2 }, announced(2), ...bytes), 'accepted');
    assert.equal(await outcome({ maxAttachments: 2 }, announced(3)), 'too many attachments');
    assert.equal(await outcome({ maxAttachments: 20 }, announced(20)), 'accepted');
    assert.equal(await outcome({ maxAttachmentBytes: 8 }, announced(3), ...bytes), 'accepted');
    assert.equal(await outcome({ maxAttachmentBytes: 7 }, announced(3), ...bytes), 'attachments too large');
  });

  it('each attachment within attachmentTimeout of the frame before it', async (t) => {
    const { io, engine } = fakeServer({ attachmentTimeout: 100 });
    const conn = await join(engine);
    const seen: unknown[] = [];
    for (const socket of io.sockets.sockets.values()) {
      socket.on('m', () => seen.push('event'));
      socket.on('error', ({ message }) => seen.push(message));
    }
    t.mock.timers.enable({ apis: ['setTimeout'] });
    conn.receive(announced(2));
    t.mock.timers.tick(99);
    conn.receive(Buffer.alloc(1));
    t.mock.timers.tick(99);
    conn.receive(Buffer.alloc(1));
    t.mock.timers.tick(1000);
    assert.deepEqual(seen, ['event']);
    conn.receive(announced(1));
    t.mock.timers.tick(100);
    assert.deepEqual(seen, ['event', 'attachments overdue']);
    assert.equal(conn.readyState, 'closing');
  });

  it('nothing that options outside their range would allow', () => {
    const bad: GivenOptions[] = [
      { maxDepth: 0 },
      { maxDepth: 1001 },
      { maxArguments: 1.5 },
      { maxAttachments: '10' as never },
      { maxAttachmentBytes: 0 },
      { attachmentTimeout: Number.NaN },
      { maxNamespaces: -1 },
      { cleanupEmptyChildNamespaces: 'yes' as never },
      { connectionStateRecovery: true as never },
      { connectionStateRecovery: { maxPackets: 0 } },
      { connectionStateRecovery: { skipMiddlewares: 1 as never } },
    ];
    for (const options of bad) {
      const [name] = Object.keys(options);
      assert.throws(() => new Server(options), { code: 'ERR_OPTION_INVALID', message: new RegExp(`^${name}`) });
    }
    const unknown = { connectionStateRecovery: { maxAge: 5 } as never };
    assert.throws(() => new Server(unknown), { code: 'ERR_OPTION_UNKNOWN', message: /connectionStateRecovery\.maxAge/ });
  });
});
