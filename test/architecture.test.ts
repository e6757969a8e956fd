/** The house rules that a reader of one file cannot see: who may import whom, and who may touch shared memory. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { importsOf, resolveImport, type SourceFile, sourceFiles } from './support/sources.ts';

const MAX_LINES = 400;
/** Files of `core/` itself that every layer may import; they stand beside the layers, not above them. */
const SHARED = ['core/errors.ts', 'core/options.ts', 'core/server-options.ts'];
/** Layers from the bottom up. Each may import the ones named; shm, wire and rooms know nothing of one another. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  shm: [],
  wire: [],
  rooms: [],
  session: ['shm', 'wire', 'rooms'],
  agents: ['shm', 'wire', 'rooms', 'session'],
  api: ['wire', 'rooms', 'session', 'agents'],
  workers: ['shm', 'wire', 'rooms', 'session', 'agents'],
  index: ['api'],
  // Options compute what fits (ranges of slots, the record limit of the layout) and resolve rules of the wire.
  options: ['shm', 'wire', 'agents'],
  'server-options': ['wire'],
  errors: [],
};

const core = sourceFiles('core');
const workers = sourceFiles('workers');

/** `core/agents/io/batch.ts` lies in `agents`, `core/index.ts` in `index`, `workers/task.ts` in `workers`. */
function layerOf(path: string): string {
  const parts = path.split('/');
  return parts[0] === 'workers' ? 'workers' : parts[1].replace(/\.ts$/, '');
}

describe('architecture', () => {
  it('imports go one way, from the entry down to shared memory, codecs and rooms', () => {
    const wrong: string[] = [];
    for (const file of [...core, ...workers]) {
      const layer = layerOf(file.path);
      assert.ok(layer in MAY_IMPORT, `${file.path} lies in no known folder`);
      for (const target of localImports(file)) {
        const to = layerOf(target);
        if (to === layer || SHARED.includes(target) || MAY_IMPORT[layer].includes(to)) continue;
        wrong.push(`${file.path} imports ${target}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  it('imports of our own files name the file with its extension, and the file exists', () => {
    const known = new Set([...core, ...workers].map(({ path }) => path));
    for (const file of [...core, ...workers]) {
      for (const target of localImports(file)) assert.ok(known.has(target), `${file.path} imports ${target}`);
    }
  });

  it('only core/shm says Atomics', () => {
    const elsewhere = [...core, ...workers].filter(({ path }) => layerOf(path) !== 'shm');
    const wrong = elsewhere.filter(({ code }) => /\bAtomics\b/.test(code));
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  it('only core/shm makes shared memory; agents may name the type of what they pass along, others not even that', () => {
    for (const { path, code } of [...core, ...workers]) {
      if (layerOf(path) === 'shm') continue;
      const asValue = /\b(?:new|instanceof|typeof)\s+SharedArrayBuffer\b|\bSharedArrayBuffer\s*[.(]/;
      assert.doesNotMatch(code, asValue, path);
      if (layerOf(path) !== 'agents') assert.doesNotMatch(code, /\bSharedArrayBuffer\b/, path);
    }
  });

  it('only workers/ imports uWebSockets.js', () => {
    const wrong = core.filter((file) => importsOf(file).includes('uWebSockets.js'));
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
    assert.ok(workers.some((file) => importsOf(file).includes('uWebSockets.js')));
  });

  it('the environment is read in options.ts only', () => {
    const wrong = [...core, ...workers].filter(({ path, code }) => /process\.env\b/.test(code) && path !== SHARED[1]);
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  it('no function literal is assigned to a property, no object literal has a getter: V8 keeps what they see', () => {
    const assigned = /\.#?\w+ (?:\?\?)?= (?:async )?(?:function\b|(?:\([^()]*\)|\w+)(?:: [^=;]+)? =>)/;
    const inLiteral = /^ {4,}(?:get|set) \w+\(/m; // those of classes stand two spaces in
    const wrong = [...core, ...workers].filter(({ code }) => assigned.test(code) || inLiteral.test(code));
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });

  it('core/index.ts is the only barrel', () => {
    const reExport = /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s*)?from\b/m;
    const barrels = [...core, ...workers].filter(({ code }) => reExport.test(code));
    assert.deepEqual(
      barrels.map(({ path }) => path),
      ['core/index.ts'],
    );
  });

  it(`no file is longer than ${MAX_LINES} lines`, () => {
    const files = ['core', 'workers', 'test', 'bench'].flatMap(sourceFiles);
    const wrong = files.filter(({ text }) => text.split('\n').length - 1 > MAX_LINES);
    assert.deepEqual(
      wrong.map(({ path }) => path),
      [],
    );
  });
});

function localImports(file: SourceFile): string[] {
  return importsOf(file)
    .map((specifier) => resolveImport(file.path, specifier))
    .filter((target): target is string => target !== undefined && !target.endsWith('.js')); // built files, by the bootstrap
}
