/**
 * TypeScript code written for Socket.IO 4 is checked by the compiler as if its import named Broadside.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const ENTRY = join(ROOT, 'core/index.ts');
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc');

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'broadside-types-'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
});
after(() => rm(folder, { recursive: true, force: true }));

/** What the compiler says of a program whose import of `socket.io` names that file; nothing when all is well. */
async function complaints(program: string, entry = ENTRY): Promise<string[]> {
  const compilerOptions = { paths: { 'socket.io': [entry] }, typeRoots: [join(ROOT, 'node_modules/@types')] };
  const project = join(folder, 'tsconfig.json');
  const extended = join(ROOT, 'tsconfig.json');
  await writeFile(project, JSON.stringify({ extends: extended, compilerOptions, include: [], files: [program] }));
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, [COMPILER, '-p', project, '--pretty', 'false'], (_error, stdout, stderr) =>
      resolve(stdout + stderr),
    );
  });
  return output.split('\n').filter((line) => line.includes('error'));
}

async function programOf(text: string): Promise<string> {
  const path = join(folder, 'program.ts');
  await writeFile(path, text);
  return path;
}

describe('a TypeScript program written for Socket.IO 4', () => {
  for (const name of ['chat-4.ts', 'application-4.ts']) {
    it(`compiles with nothing changed but the import: ${name}`, async () => {
      assert.deepEqual(await complaints(join(ROOT, 'test/migration', name)), []);
    });
  }

  it('is told of what is wrong in it', async () => {
    const program = await programOf(`
      import { Server } from 'socket.io';
      const io = new Server<{ say: (text: string) => void }>(3000);
      io.on('connection', (socket) => socket.emit('say', 5));
    `);
    const found = await complaints(program);
    assert.equal(found.length, 1);
    assert.match(found[0], /error TS2345: Argument of type 'number'/);
  });

  it('is checked against Broadside, which has more than Socket.IO', async () => {
    const program = await programOf("import { Server } from 'socket.io';\nconsole.log(new Server().stats());\n");
    assert.deepEqual(await complaints(program), []);
    const [missing] = await complaints(program, join(ROOT, 'node_modules/socket.io/dist/index.d.ts'));
    assert.match(missing, /error TS2339: Property 'stats' does not exist/);
  });
});
