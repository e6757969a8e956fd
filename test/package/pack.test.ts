/**
 * The package as a stranger gets it: packed, installed into an empty folder, used from ESM, from CommonJS and from
 * TypeScript. Nothing of the repository is in reach there, tsx neither.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const env = { ...process.env, NODE_OPTIONS: '' };

/** Serves, connects one client of its own dependency, echoes, closes; must end by itself. */
const body = `
const io = Server(0, { ioThreads: 1 });
io.on('connection', (socket) => socket.on('ask', (n, reply) => reply(n + 1)));
const client = connect('http://127.0.0.1:' + io.httpServer.address().port, { transports: ['websocket'] });
client.emit('ask', 41, (answer) => {
  console.log('answer', answer);
  client.close();
  io.close(() => console.log('closed'));
});
`;

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'broadside-pack-'));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: root, env });
  const [tarball] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'));
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', `./${tarball}`], { cwd: folder, env });
});

after(() => rm(folder, { recursive: true, force: true }));

async function runProgram(name: string, source: string): Promise<string> {
  await writeFile(join(folder, name), source);
  const { stdout } = await run(process.execPath, [name], { cwd: folder, env, timeout: 30_000 });
  return stdout;
}

test('the package works from ESM, by default and by named import', async () => {
  const stdout = await runProgram(
    'esm.mjs',
    `import Default, { Server } from 'broadside';
     import { io as connect } from 'socket.io-client';
     if (Default !== Server) throw new Error('default and named export differ');
     ${body}`,
  );
  assert.equal(stdout, 'answer 42\nclosed\n');
});

test('require of the package is the Server, callable without new', async () => {
  const stdout = await runProgram(
    'cjs.cjs',
    `const Server = require('broadside');
     const { io: connect } = require('socket.io-client');
     if (require('broadside').Server !== Server) throw new Error('the export and its member differ');
     ${body}`,
  );
  assert.equal(stdout, 'answer 42\nclosed\n');
});

test('the declarations serve a strict TypeScript project', async () => {
  await writeFile(
    join(folder, 'typed.mts'),
    `import { Server } from 'broadside';
     interface FromClient { ask: (n: number, reply: (n: number) => void) => void }
     interface ToClient { tick: (price: number) => void }
     const io = new Server<FromClient, ToClient>(0);
     io.on('connection', (socket) => {
       socket.on('ask', (n, reply) => reply(n + 1));
       socket.emit('tick', 1);
       // @ts-expect-error the event takes a number
       socket.emit('tick', 'one');
     });
     void io.close();`,
  );
  const args = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--module', 'nodenext', '--target', 'es2022'];
  const types = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')];
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...args, ...types, 'typed.mts'], {
    cwd: folder,
    env,
  });
});
