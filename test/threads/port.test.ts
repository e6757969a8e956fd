/**
 * The listening port, which another thread owns: known when the call returns.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { Server } from '../../core/index.ts';
import { portOf } from './crowd.ts';

describe('the port of a Server', () => {
  it('is known at once, also when the system chooses it, and gone at once', async () => {
    const io = new Server(0, { ioThreads: 1 });
    const { port } = io.httpServer.address() as { port: number };
    assert.ok(port > 0 && port < 65_536);
    assert.equal(io.httpServer.listening, true);
    const closed = io.close();
    assert.equal(io.httpServer.address(), null);
    assert.equal(io.httpServer.listening, false);
    await closed;
  });

  it('may be given as a numeric string', async () => {
    const any = new Server('0', { ioThreads: 1 });
    const port = portOf(any);
    assert.ok(port > 0);
    const closed = any.close();
    const same = new Server(String(port), { ioThreads: 1 });
    assert.equal(portOf(same), port);
    await Promise.all([closed, same.close()]);
  });

  it('in use makes an error event, and the Server can listen elsewhere afterwards', async () => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const io = new Server(port, { ioThreads: 1 });
    assert.equal(io.httpServer.address(), null);
    const [error] = await once(io.httpServer, 'error');
    assert.deepEqual([error.code, error.syscall, error.port], ['EADDRINUSE', 'listen', port]);
    io.listen(0);
    assert.notEqual(portOf(io), port);
    await io.close();
    other.close();
  });
});
