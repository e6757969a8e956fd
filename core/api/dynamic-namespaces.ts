/**
 * The parents of namespaces that come with their first client, in the order they were registered. App thread.
 */
import type { AnyNamespace } from './adapter-bridge.ts';
import { matcherOf, type NamespaceMatcher, ParentNamespace } from './parent-namespace.ts';
import type { Server } from './server.ts';
import { reportUncaught } from './user-code.ts';

export class DynamicNamespaces {
  /** Parents by what decides for them. */
  readonly parents = new Map<NamespaceMatcher, ParentNamespace<any, any, any, any>>();
  readonly #expressions = new Map<RegExp, ParentNamespace<any, any, any, any>>();

  /** @throws {EngineError} `ERR_OPTION_INVALID` for a stateful RegExp */
  add(server: Server<any, any, any, any>, pattern: RegExp | NamespaceMatcher): ParentNamespace<any, any, any, any> {
    const matcher = pattern instanceof RegExp ? matcherOf(pattern) : pattern;
    const parent = new ParentNamespace(server);
    this.parents.set(matcher, parent);
    if (pattern instanceof RegExp) this.#expressions.set(pattern, parent);
    return parent;
  }

  /** The parent whose RegExp matches; functions are asked for clients only. */
  parentOf(name: string): ParentNamespace<any, any, any, any> | undefined {
    for (const [expression, parent] of this.#expressions) if (expression.test(name)) return parent;
    return undefined;
  }

  /**
   * Asks one parent after the other.
   *
   * @param done gets the first that allows the name, undefined when none does; within the call when all answer at once
   */
  find(
    name: string,
    auth: Record<string, unknown>,
    done: (parent: ParentNamespace<any, any, any, any> | undefined) => void,
  ): void {
    const candidates = [...this.parents];
    const ask = (index: number): void => {
      if (index === candidates.length) {
        done(undefined);
        return;
      }
      const [matcher, parent] = candidates[index];
      let answered = false;
      const next = (error: Error | null, allow: boolean): void => {
        if (answered) return;
        answered = true;
        if (error || !allow) ask(index + 1);
        else done(parent);
      };
      try {
        matcher(name, auth, next);
      } catch (error) {
        reportUncaught(error);
        next(null, false);
      }
    };
    ask(0);
  }

  /** The namespace is forgotten. */
  remove(child: AnyNamespace): void {
    for (const parent of this.parents.values()) parent.removeChild(child);
  }
}
