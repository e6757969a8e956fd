/** TLS on the server's own port: every way to give key and certificate, clients of all generations, and what is wrong. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Engine } from '../../core/api/engine.ts';
import { Server } from '../../core/index.ts';
import type { TlsOptions } from '../../core/server-options.ts';
import { makeCertificate } from '../support/certificate.ts';
import { closeConnection, generations } from '../support/clients.ts';
import { POLLING, send } from '../support/http.ts';
import { ownServer } from '../support/own-server.ts';
import { waitFor, within } from '../support/wait-for.ts';

const good = makeCertificate();
const other = makeCertificate();
after(() => {
  good.remove();
  other.remove();
});

const require = createRequire(import.meta.url);
const connectors = {
  2: require('socket.io-client-2'),
  3: require('socket.io-client-3').io,
  4: require('socket.io-client-4').io,
};

const skip = existsSync('/proc/self/fd') ? false : 'this system has no /proc/self/fd';

describe('TLS', () => {
  const { key, cert, keyFile, certFile, lockedKey, passphrase } = good;
  const forms: [string, TlsOptions][] = [
    ['text', { key, cert }],
    ['bytes', { key: Buffer.from(key), cert: new Uint8Array(Buffer.from(cert)) }],
    ['files', { keyFile, certFile }],
    ['a key with a passphrase', { key: lockedKey, cert, passphrase }],
    ['authorities and ciphers beside', { key, cert, ca: other.cert, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }],
  ];
  for (const [name, options] of forms) {
    it(`works with ${name}`, async (t) => {
      const { port } = ownServer(t, options);
      assert.equal((await send(port, POLLING, { secure: true })).status, 200);
      await assert.rejects(send(port, POLLING), 'without TLS there is no answer');
    });
  }

  it('carries clients of all generations, polling and upgraded, on several threads', async (t) => {
    const { io, port } = ownServer(t, { key, cert, ioThreads: 2 });
    for (const generation of generations) {
      const connected = waitFor(io, 'connection');
      const client = connectors[generation](`https://127.0.0.1:${port}`, {
        forceNew: true,
        reconnection: false,
        rejectUnauthorized: false,
      });
      t.after(() => closeConnection(client));
      const [socket] = await connected;
      assert.equal(socket.handshake.secure, true);
      if (!socket.conn.upgraded) await waitFor(socket.conn, 'upgrade');
      const news = waitFor(client, 'news');
      socket.emit('news', Buffer.from([1, 2]));
      assert.deepEqual([...(await news)[0]], [1, 2]);
    }
  });

  const refused: [string, TlsOptions & { http?: unknown }, RegExp][] = [
    ['a key of another certificate', { key: other.key, cert }, /option key with cert/],
    ['a key that is none', { key: 'none', cert }, /option key with cert/],
    ['a certificate that is none', { key, cert: 'none' }, /option key with cert/],
    ['a wrong passphrase', { key: lockedKey, cert, passphrase: 'wrong' }, /option key with cert/],
    ['no passphrase', { key: lockedKey, cert }, /option key with cert/],
    ['a missing file', { keyFile: '/no/such/file', certFile }, /option keyFile is "\/no\/such\/file"/],
    ['a key alone', { key }, /option cert is undefined/],
    ['a certificate alone', { cert }, /option key is undefined/],
    ['unknown ciphers', { key, cert, ciphers: 'NONSENSE' }, /option ciphers/],
    ['parameters that are none', { key, cert, dhparam: 'none' }, /TLS options/],
    ['a list', { key, cert: [cert] as never }, /option cert is a list/],
    ['an application that is none, beside a good key', { key, cert, http: 5 }, /option http/],
  ];
  for (const [name, options, message] of refused) {
    it(`refuses ${name} with a coded error, and leaves no file behind`, () => {
      const before = [...folders(), ...openFiles()];
      assert.throws(
        () => new Server(0, { ioThreads: 1, ...options } as never),
        (error: any) => error.code === 'ERR_OPTION_INVALID' && message.test(error.message),
      );
      assert.deepEqual([...folders(), ...openFiles()].filter(isOfTls), before.filter(isOfTls));
    });
  }

  it('keeps the key in no file that has a name, and lets go of it when the server closes', { skip }, async (t) => {
    const before = folders();
    const { io } = ownServer(t, { key, cert, ioThreads: 1 });
    assert.deepEqual(folders(), before);
    const held = openFiles();
    assert.ok(held.some(isOfTls), 'the certificate and the key are open');
    await io.close();
    assert.deepEqual(openFiles().filter(isOfTls), []);
  });

  it('gives the key to a thread that starts again', async (t) => {
    const { io, port } = ownServer(t, { key, cert, ioThreads: 1 });
    const crashed = waitFor(io.engine, 'thread_crash');
    (io.engine as Engine).crashThread(0, 'probe');
    await crashed;
    const answered = async (): Promise<number> => {
      const { status } = await send(port, POLLING, { secure: true });
      return status === 503 ? answered() : status; // 503 while the thread is down
    };
    assert.equal(await within(answered(), 'an answer of the next thread'), 200);
  });

  it('leaves nothing behind when a signal ends the process', { skip }, () => {
    const place = mkdtempSync(join(tmpdir(), 'tls-exit-'));
    const program = join(place, 'program.mts');
    const entry = new URL('../../core/index.ts', import.meta.url);
    const options = JSON.stringify({ ioThreads: 1, key, cert });
    writeFileSync(
      program,
      `const { Server } = await import(${JSON.stringify(entry.href)});
       new Server(0, ${options});
       process.kill(process.pid, 'SIGKILL');`,
    );
    const env = { ...process.env, TMPDIR: place };
    const loader = require.resolve('tsx');
    const { signal, stderr } = spawnSync(process.execPath, ['--import', loader, program], { env, encoding: 'utf8' });
    const left = readdirSync(place).filter((name) => name.startsWith('broadside-tls-'));
    rmSync(place, { recursive: true, force: true });
    assert.deepEqual([signal, left], ['SIGKILL', []], stderr);
  });

  /** What this process has open, by name. */
  function openFiles(): string[] {
    if (skip) return [];
    return readdirSync('/proc/self/fd').flatMap((descriptor) => {
      try {
        return [readlinkSync(`/proc/self/fd/${descriptor}`)];
      } catch {
        return []; // that of the listing itself
      }
    });
  }

  function isOfTls(name: string): boolean {
    return name.includes('broadside-tls-');
  }

  function folders(): string[] {
    return readdirSync(tmpdir()).filter((name) => name.startsWith('broadside-tls-'));
  }
});
