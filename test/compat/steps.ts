/**
 * Short names for the steps that most cases are made of. Case tables use it; nothing here runs a case.
 */
import type { Case, HttpRequest, RawRequest, Revision, Step } from './case.ts';
import { type Bytes, frame, text } from './frame-bytes.ts';
import { upgradeRequest } from './runner.ts';

/** What a table says of a case besides its steps. */
export type Notes = Partial<Pick<Case, 'house' | 'slow'>>;

/**
 * Makes a case for each revision from one row of a table.
 *
 * @param table begins the ids
 * @param before what every case of the table begins with
 */
export const eachRevision =
  (table: string, before: (revision: Revision) => readonly Step[] = () => []) =>
  (
    id: string,
    name: string,
    steps: (revision: Revision) => readonly Step[],
    four: Notes = {},
    three: Notes = {},
  ): Case[] =>
    ([4, 3] as const).map((revision) => ({
      id: `${table}-${revision}-${id}`,
      name: `${name}, revision ${revision}`,
      revision,
      steps: [...before(revision), ...steps(revision)],
      ...(revision === 4 ? four : three),
    }));

export const joined = (revision: Revision, more = ''): Step => ({
  do: 'join',
  query: `EIO=${revision}&transport=websocket${more}`,
});
export const joinedPolling = (revision: Revision, more = ''): Step => ({
  do: 'join polling',
  query: `EIO=${revision}${more}`,
});

/** A session over WebSocket that has joined nothing yet (revision 4), its open packet taken. */
export const opened = (more = ''): Step[] => [
  {
    do: 'upgrade',
    socket: 'a',
    request: upgradeRequest(`/socket.io/?EIO=4&transport=websocket&key={key}${more}`),
    quiet: true,
  },
  { do: 'read', socket: 'a', prefix: 'text 0', quiet: true },
];

export const send = (...frames: readonly Buffer[]): Step => ({ do: 'send', socket: 'a', bytes: Buffer.concat(frames) });
export const say = (...packets: Bytes[]): Step => send(...packets.map(text));
/** Notes frames until a text frame begins with `prefix`. */
export const read = (prefix: string, socket = 'a'): Step => ({ do: 'read', socket, prefix: `text ${prefix}` });
/** What was sent before has been handled: references put packets off to the next tick, where later ones overtake them. */
export const settled: readonly Step[] = [
  send(frame({ opcode: 9, payload: 'settled' })),
  { do: 'read', socket: 'a', prefix: 'pong settled', quiet: true },
];
export const alive: Step = { do: 'alive', socket: 'a' };
/** For a connection that has not joined `/` yet. */
export const aliveAfterJoin: Step = { do: 'alive', socket: 'a', first: text('40') };
export const closing: Step = { do: 'closing', socket: 'a' };

export const http = (request: HttpRequest | RawRequest): Step => ({ do: 'http', request });
export const hold = (label: string, request: HttpRequest | RawRequest): Step => ({ do: 'hold', label, request });
export const responses = (...labels: string[]): Step => ({ do: 'responses', labels });
export const abort = (label: string): Step => ({ do: 'abort', label });

/** A request of an existing polling session. */
export const get = (revision: Revision, more = ''): HttpRequest => ({
  target: `/socket.io/?EIO=${revision}&transport=polling&sid={sid}${more}`,
});
export const post = (
  revision: Revision,
  body: Bytes,
  contentType = 'text/plain;charset=UTF-8',
  more = '',
): HttpRequest => ({
  method: 'POST',
  target: `/socket.io/?EIO=${revision}&transport=polling&sid={sid}${more}`,
  headers: [['Content-Type', contentType]],
  body: typeof body === 'string' ? body : Buffer.from(body),
});
export const poll = (revision: Revision, prefix: string, more = ''): Step => ({
  do: 'poll',
  query: `EIO=${revision}${more}`,
  prefix,
});
export const pollingAlive = (revision: Revision, more = ''): Step => ({
  do: 'polling alive',
  query: `EIO=${revision}${more}`,
});

/** Opens a second connection and asks for a WebSocket. */
export const upgrade = (socket: string, target: string, headers: HttpRequest['headers'] = [], tail?: Buffer): Step => ({
  do: 'upgrade',
  socket,
  request: upgradeRequest(target, headers),
  tail,
});
