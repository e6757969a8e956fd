/**
 * The kinds of adapter classes a server takes, and how the library speaks to each. App thread.
 */
import type { Adapter } from './adapter.ts';
import type { AdapterBridge, AnyNamespace } from './adapter-bridge.ts';
import { type LegacyAdapter, LegacyBridge } from './legacy-bridge.ts';
import { type ModernAdapter, ModernBridge } from './modern-bridge.ts';

export type AnyAdapter = Adapter | AdapterBridge | ModernAdapter | LegacyAdapter;

/** Anything `new`able with a namespace: a class, or a function that returns an adapter. @since Socket.IO 2 */
export type AdapterConstructor =
  | (new (
      nsp: any,
    ) => Adapter | ModernAdapter | LegacyAdapter)
  | ((nsp: any) => Adapter | ModernAdapter | LegacyAdapter);

/** A new adapter of that class, started. */
export function createAdapter(adapterClass: AdapterConstructor, nsp: AnyNamespace): AnyAdapter {
  const adapter = new (adapterClass as new (nsp: AnyNamespace) => AnyAdapter)(nsp);
  if ('init' in adapter) adapter.init?.();
  return adapter;
}

/** The adapter itself when it is the library's own, else a bridge to the interface it shows. */
export function bridgeTo(nsp: AnyNamespace, adapter: AnyAdapter): AdapterBridge {
  if ('enroll' in adapter) return adapter;
  if ('socketRooms' in adapter) return new ModernBridge(nsp, adapter);
  return new LegacyBridge(nsp, adapter);
}
