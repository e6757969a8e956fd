/** The project's own source files as text, for tests about the sources. Test processes run it. */
import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
  /** The text without comments; strings stay. */
  readonly code: string;
}

/** Every TypeScript and .mjs file under a folder of the project. */
export function sourceFiles(folder: string): SourceFile[] {
  const entries = readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' });
  return entries
    .filter((name) => /\.(ts|mjs)$/.test(name))
    .map((name) => {
      const path = posix.join(folder, name.replaceAll('\\', '/'));
      const text = readFileSync(ROOT + path, 'utf8');
      return { path, text, code: withoutComments(text) };
    });
}

/** What a file imports or re-exports, as written. */
export function importsOf({ code }: SourceFile): string[] {
  const statements = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g);
  return [...statements].map(([, , specifier]) => specifier);
}

/** A relative import as a path from the project's root; undefined for a package. */
export function resolveImport(from: string, specifier: string): string | undefined {
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

/** Strings are matched first, so that a comment sign inside one stays. */
function withoutComments(text: string): string {
  const token = /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/.*/g;
  return text.replace(token, (_, string: string | undefined) => string ?? '');
}
