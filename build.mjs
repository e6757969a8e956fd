// Builds the package: JavaScript and declarations with tsc, plus one CommonJS file for `require('broadside')`.
// Threads always run the ES modules of dist/workers, whoever loaded the library and how.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
copyFileSync('workers/bootstrap.mjs', 'dist/workers/bootstrap.mjs');

await build({
  entryPoints: ['dist/core/index.js'],
  outfile: 'dist/index.cjs',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  packages: 'external',
  // The module that finds the threads' entry does so relative to itself.
  define: { 'import.meta.url': 'moduleUrl' },
  banner: {
    js: "const moduleUrl = require('node:url').pathToFileURL(require('node:path').join(__dirname, 'core/agents/worker-entry.js')).href;",
  },
  // `require('broadside')` is the Server itself, callable with and without `new`.
  footer: { js: 'module.exports = Object.assign(module.exports.Server, module.exports);' },
});

const { Server } = await import('./dist/core/index.js');
if (typeof Server !== 'function') throw new TypeError('the built package exports no Server');
const names = [...readFileSync('dist/core/index.d.ts', 'utf8').matchAll(/export (?:type )?\{([^}]*)\}/g)];
if (names.length === 0) throw new Error('the declarations export nothing');
writeFileSync(
  'dist/index.d.cts',
  `import type * as broadside from './core/index.js' with { 'resolution-mode': 'import' };
declare const Server: typeof broadside.Server & typeof broadside;
export = Server;
`,
);
