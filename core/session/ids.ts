/**
 * Branded numbers that cross thread boundaries. Types only: at run time each is a plain integer.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** Process-wide number of an Engine.IO session: never changes, never repeats. */
export type SessionNumber = Branded<'session'>;
/** A connection's place in the bitsets, owned by one I/O thread and reused after RELEASE was read. */
export type Slot = Branded<'slot'>;
/** Number of a (namespace, room) row in the room index, issued by the app thread. */
export type RowNumber = Branded<'row'>;
/** Number of one Server of this process; several share the threads. */
export type ServerNumber = Branded<'server'>;
