/**
 * What a case of the differential table is: requests and frames as data, and what each server makes of them.
 * The test process reads it; nothing here runs.
 */
import type { HouseName } from './houses.ts';

/** The servers compared. Socket.IO 2 takes part where clients speak Engine.IO 3. */
export type Kind = 'broadside' | '4.x' | '2.x';

/** Engine.IO protocol revision the client speaks. */
export type Revision = 3 | 4;

/**
 * One HTTP request. `{sid}` and `{key}` in target and header values are filled in at run time: the last session id the
 * case was given, and the mark by which the server tells its cases apart.
 */
export interface HttpRequest {
  /** @default 'GET' */
  readonly method?: string;
  readonly target: string;
  /** In order, repeats allowed. `Host` is added when missing, `Content-Length` when there is a body and no framing. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Buffer;
  /** Response headers to compare, besides `content-type`. */
  readonly observe?: readonly string[];
}

/** A request byte by byte, for what no client library would send. */
export interface RawRequest {
  readonly raw: string | Buffer;
  readonly observe?: readonly string[];
}

/** One thing a case does. What it sees goes into the outcome in this order. */
export type Step =
  /** Opens a connection and asks for a WebSocket; `tail` follows the head in the same write. `quiet` notes no 101. */
  | {
      readonly do: 'upgrade';
      readonly socket: string;
      readonly request: HttpRequest | RawRequest;
      readonly tail?: Buffer;
      readonly quiet?: boolean;
    }
  /** Opens a session over WebSocket and joins `/`; notes nothing. */
  | { readonly do: 'join'; readonly query: string }
  /** Opens a session over polling and joins `/`; notes nothing. */
  | { readonly do: 'join polling'; readonly query: string }
  | { readonly do: 'send'; readonly socket: string; readonly bytes: Buffer }
  /** Ends the sending side of the TCP connection, or resets it. */
  | { readonly do: 'end' | 'reset'; readonly socket: string }
  /** Notes frames until a note begins with `prefix`, or the connection ends. */
  | { readonly do: 'read'; readonly socket: string; readonly prefix: string; readonly quiet?: boolean }
  /** Sends an event that is echoed and notes what comes before the echo; `first` is sent ahead of it. */
  | { readonly do: 'alive'; readonly socket: string; readonly first?: Buffer }
  /** Notes frames until the connection ends, which it is expected to do without further ado. */
  | { readonly do: 'closing'; readonly socket: string }
  /** Sends a request and notes the response. */
  | { readonly do: 'http'; readonly request: HttpRequest | RawRequest }
  /** Sends a request whose response is noted later, and lets the server see it first. */
  | { readonly do: 'hold'; readonly label: string; readonly request: HttpRequest | RawRequest }
  /** Notes the responses of held requests, sorted: which of two overlapping requests came first is chance. */
  | { readonly do: 'responses'; readonly labels: readonly string[] }
  /** Drops the connection of a held request. */
  | { readonly do: 'abort'; readonly label: string }
  /** Polls and notes packets until one begins with `prefix`, or the session is refused. */
  | { readonly do: 'poll'; readonly query: string; readonly prefix: string; readonly quiet?: boolean }
  /** `alive` for a polling session. */
  | { readonly do: 'polling alive'; readonly query: string };

/** What was seen: by the client in the order of the steps, and by the application, whose last line is how the connection ended. */
export interface Outcome {
  readonly client: readonly string[];
  readonly server: readonly string[];
}

export interface Difference {
  /** What Broadside does instead; the parts left out are those of the reference. */
  readonly broadside: Partial<Outcome>;
  /** One sentence; `docs/compatibility.md` says the same. */
  readonly reason: string;
}

/** Differences with one reason. */
export interface DifferenceGroup {
  readonly reason: string;
  /** What Broadside does, as far as it differs, and in which cases. */
  readonly outcomes: readonly (readonly [broadside: Partial<Outcome>, ...ids: string[]])[];
}

export interface Case {
  /** Unique, kebab-case: the name in `docs/compatibility.md`. */
  readonly id: string;
  readonly name: string;
  readonly revision: Revision;
  /** Which server of each process. @default 'main' */
  readonly house?: HouseName;
  readonly steps: readonly Step[];
  /** It waits for a time-out of some server: such cases run beside all others, from the start. */
  readonly slow?: true;
  /** Revision 3 only, and only where the two references disagree: the one that Broadside does as. */
  readonly follows?: '2.x' | '4.x';
  readonly differs?: Difference;
}
