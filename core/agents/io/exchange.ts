/**
 * One HTTP request with its answer, wherever its connection is: on this I/O thread, or on another that passes it over a
 * lane. Whoever owns the session answers without knowing which.
 */
import { connectionErrorBody, type ErrorContext } from '../../wire/connection-errors.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly body?: Uint8Array | string;
  /** May be compressed for a client that accepts it. */
  readonly compress?: boolean;
  /** Value of Set-Cookie. */
  readonly cookie?: string;
  /** End the connection after the answer. */
  readonly close?: boolean;
  /** The connection error that the answer reports. */
  readonly code?: number;
  /** What the application is told of that error. */
  readonly context?: ErrorContext;
}

/** The answer to a request that Engine.IO refuses. */
export const refusal = (code: number, context: ErrorContext, status = 400): HttpAnswer => ({
  status,
  contentType: 'application/json',
  body: connectionErrorBody(code),
  code,
  context,
});

/**
 * What is told of its end is a function with a name of its own: V8 makes a function literal that is assigned to a property
 * in its old generation, where all it can see, here the request, stays until the next full collection.
 */
export interface Exchange {
  /** The first answer counts; none is sent once the client has gone. */
  answer(answer: HttpAnswer): void;
  /** The client went away before the answer; set by the owner, called at most once. */
  onAborted: (() => void) | undefined;
  /** The client went away before the answer that was given could be written; set by the owner, called at most once. */
  onLost?: (() => void) | undefined;
}

/** Takes the body of a post that its owner has accepted: one of the two is called, or the exchange is aborted. */
export interface BodyReceiver {
  body(bytes: Uint8Array): void;
  /** The body was too large and has been answered; the session goes on. */
  refused(): void;
}
