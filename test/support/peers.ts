/**
 * Sessions and requests as tests on one thread hold them. Test processes run it; it decides nothing.
 */
import type { EngineRequest } from '../../core/agents/io/front-desk.ts';
import { revisionFrom, wantsBase64 } from '../../core/agents/io/handshake.ts';
import type { SocketOwner } from '../../core/agents/io/web-socket-handle.ts';
import type { SessionNumber } from '../../core/session/ids.ts';
import type { Headers } from '../../core/wire/request-info.ts';
import type { FakeSocket } from './fake-socket.ts';

/** A session as the application sees it. */
export interface Peer {
  readonly sid: string;
  /** 0 until the app has been told. */
  session: SessionNumber;
  readonly messages: (string | Buffer)[];
  /** How many messages had come when the app was told of the upgrade. */
  upgradedAt?: number;
  /** Reason and detail the app was told. */
  closed: readonly [number, number] | undefined;
}

/** A connection as its client and the application see it. */
export interface Client extends Peer {
  readonly io: number;
  readonly local: number;
  readonly owner: SocketOwner;
  readonly socket: FakeSocket;
}

/** A request's query, and what else matters of it. */
export interface Ask {
  readonly query: Readonly<Record<string, string>>;
  readonly method?: string;
  readonly contentType?: string;
}

/** What became of an upgrade request. */
export interface Upgrading {
  socket: FakeSocket | undefined;
  owner: SocketOwner | undefined;
  /** Connection error it was refused with. */
  refused: number | undefined;
  /** The client goes away while the request is parked. */
  abort(): void;
}

/** The request as the thread entry would describe it. */
export function requestOf({ query, method = 'GET', contentType }: Ask): EngineRequest {
  const headers: Headers = contentType === undefined ? {} : { 'content-type': contentType };
  const revision = revisionFrom(query);
  const base64 = wantsBase64(query);
  return { query, info: { method, url: '/', headers, address: '::1', secure: false, revision, base64 } };
}
