/**
 * What an application can reach from core/index.ts, with its docstrings, as the TypeScript compiler sees it. Test
 * processes run it. Members marked as internal are left out, as they are out of the declarations.
 */
import { fileURLToPath } from 'node:url';
import { type Identifier, isIdentifier, type Node, type SourceFile, SyntaxKind } from 'typescript/unstable/ast';
import { API, type Checker, type Project, SymbolFlags } from 'typescript/unstable/sync';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface PublicElement {
  /** `Socket.emit`, or the name of a type. */
  readonly name: string;
  /** File from the project's root. */
  readonly path: string;
  /** Text of the docstring, of all overloads; empty when there is none. */
  readonly doc: string;
  /** Names of what has to be given; those of destructured parameters are left out. */
  readonly parameters: readonly string[];
  readonly isInterface: boolean;
}

/** The parts of nodes that are read here; most kinds have some of them. */
interface Parts extends Node {
  readonly name?: Node & { readonly text?: string };
  readonly jsDoc?: readonly Node[];
  readonly modifiers?: readonly Node[];
  readonly members?: readonly Parts[];
  readonly parameters?: readonly Parts[];
  readonly body?: Node;
}

const has = (node: Parts, modifier: SyntaxKind): boolean =>
  node.modifiers?.some(({ kind }) => kind === modifier) ?? false;

/** What a class implements is its own business. */
const isExtends = (node: Node): boolean =>
  node.kind === SyntaxKind.HeritageClause && (node as Node & { token: SyntaxKind }).token === SyntaxKind.ExtendsKeyword;

const SIGNATURES: ReadonlySet<SyntaxKind> = new Set([
  SyntaxKind.MethodDeclaration,
  SyntaxKind.MethodSignature,
  SyntaxKind.Constructor,
  SyntaxKind.ConstructSignature,
  SyntaxKind.CallSignature,
]);

class Walk {
  readonly elements: PublicElement[] = [];
  readonly #checker: Checker;
  readonly #project: Project;
  readonly #seen = new Set<Node>();

  constructor(project: Project) {
    this.#project = project;
    this.#checker = project.checker;
  }

  exportsOf(path: string): void {
    const entry = this.#checker.getSymbolAtLocation(this.#project.program.getSourceFile(path) as SourceFile);
    if (entry === undefined) throw new Error(`${path} is no module`);
    for (const symbol of this.#checker.getExportsOfModule(entry)) this.#symbol(symbol);
  }

  #symbol(symbol: ReturnType<Checker['getAliasedSymbol']>): void {
    const target = symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol;
    for (const handle of target.declarations) {
      const node = handle.resolve(this.#project) as Parts | undefined;
      if (node !== undefined) this.#declaration(node);
    }
  }

  #declaration(node: Parts): void {
    const source = node.getSourceFile();
    if (!source.fileName.startsWith(`${ROOT}core/`) || node.kind === SyntaxKind.TypeParameter) return;
    if (this.#seen.has(node)) return;
    this.#seen.add(node);
    const name = node.name?.text ?? '';
    // A variable's docstring stands before its statement.
    const documented = node.kind === SyntaxKind.VariableDeclaration ? (node.parent.parent as Parts) : node;
    const doc = docOf(documented, source);
    if (/@internal\b/.test(doc)) return;
    if (has(documented, SyntaxKind.ExportKeyword)) this.#add(node, name, doc, []);
    for (const members of groups(node.members ?? [])) this.#member(name, members, source);
    if (node.members === undefined) this.#types(node);
    else node.forEachChild((child) => void (isExtends(child) && this.#types(child)));
  }

  /** @param overloads those of one name */
  #member(owner: string, overloads: readonly Parts[], source: SourceFile): void {
    const doc = overloads
      .map((node) => docOf(node, source))
      .join('\n')
      .trim();
    if (/@internal\b/.test(doc)) return;
    const signatures = overloads.length > 1 ? overloads.filter(({ body }) => body === undefined) : overloads;
    const seen = signatures.length > 0 ? signatures : overloads;
    const parameters = seen.filter(({ kind }) => SIGNATURES.has(kind)).flatMap((node) => node.parameters ?? []);
    const names = parameters.map(({ name }) => name?.text).filter((text) => text !== undefined);
    const name = nameOf(overloads[0]);
    this.#add(overloads[0], `${owner}.${name}`, doc, [...new Set(names)]);
    for (const node of seen) this.#types(node);
  }

  #add(node: Parts, name: string, doc: string, parameters: readonly string[]): void {
    const path = node.getSourceFile().fileName.slice(ROOT.length);
    const isInterface = node.kind === SyntaxKind.InterfaceDeclaration;
    this.elements.push({ name, path, doc, parameters, isInterface });
  }

  /** Follows the types that a signature names; a function's body is nobody's business. */
  #types(node: Node): void {
    node.forEachChild((child) => {
      if (child.kind === SyntaxKind.Block || child.kind === SyntaxKind.PropertyAssignment) return;
      if (isIdentifier(child)) this.#reference(child);
      else this.#types(child);
    });
  }

  #reference(name: Identifier): void {
    const symbol = this.#checker.getSymbolAtLocation(name);
    if (symbol !== undefined && symbol.flags & (SymbolFlags.Type | SymbolFlags.Alias)) this.#symbol(symbol);
  }
}

/** Members by name, without what is private; of a getter and its setter the getter speaks. */
function groups(members: readonly Parts[]): Parts[][] {
  const byName = new Map<string, Parts[]>();
  for (const member of members) {
    if (has(member, SyntaxKind.PrivateKeyword) || member.name?.kind === SyntaxKind.PrivateIdentifier) continue;
    if (member.kind === SyntaxKind.SetAccessor || member.kind === SyntaxKind.IndexSignature) continue;
    const name = nameOf(member);
    byName.set(name, [...(byName.get(name) ?? []), member]);
  }
  return [...byName.values()];
}

function nameOf({ name, kind }: Parts): string {
  if (name?.text !== undefined) return name.text;
  return kind === SyntaxKind.CallSignature ? '()' : 'new';
}

function docOf(node: Parts, source: SourceFile): string {
  const last = node.jsDoc?.at(-1);
  return last === undefined ? '' : source.text.slice(last.pos, last.end).trim();
}

/** Every public element; types of Node and of other packages are not ours. */
export function publicElements(): readonly PublicElement[] {
  const api = new API({ cwd: ROOT });
  try {
    const [project] = api.updateSnapshot({ openProjects: [`${ROOT}tsconfig.json`] }).getProjects();
    const walk = new Walk(project);
    walk.exportsOf(`${ROOT}core/index.ts`);
    return walk.elements;
  } finally {
    api.close();
  }
}
