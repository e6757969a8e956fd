/**
 * Coded errors of the library. Any thread may throw them; across threads only the code and numbers travel.
 * Wire codes (Engine.IO 0-5) and disconnect reasons are other tables, because clients see those.
 */

/** Every code with what it means; `docs/errors.md` lists the same table. @since Broadside */
export const ERROR_CODES = {
  ERR_OPTION_INVALID: 'An option or environment variable has a value outside its allowed range.',
  ERR_OPTION_UNKNOWN: 'An option has a name that is not known.',
  ERR_LAYOUT_MISMATCH: 'A shared memory region is not the one the reader expects.',
  ERR_MESSAGE_TOO_LARGE: 'A record is larger than an eighth of the ring or log it should go to.',
  ERR_RESERVED_EVENT: 'An event name that only the library may emit.',
  ERR_ACK_NOT_SUPPORTED: 'A callback where no client can answer it.',
  ERR_EXPRESS_APP: 'A request handler function where an HTTP server was expected.',
  ERR_LISTEN_FAILED: 'A port could not be bound for a reason that the system does not tell.',
  ERR_NOT_ATTACHED: 'An operation that needs a server that listens.',
  ERR_THREAD_START: 'A thread did not start.',
  ERR_THREAD_CRASH: 'A thread ended with an uncaught exception.',
  ERR_THREAD_HUNG: 'A thread no longer turns its loop; the process cannot repair that.',
  ERR_COORDINATOR_LOST: 'The coordinator thread ended; the process cannot repair that.',
  ERR_CLOSED: 'The engine has been closed.',
} as const;

/** Name of an error; docs/errors.md has the list. @since Broadside */
export type ErrorCode = keyof typeof ERROR_CODES;

/** An error with a stable `code`; the message names the value met and what was expected. @since Broadside */
export class EngineError extends Error {
  /** Which error it is. @since Broadside */
  readonly code: ErrorCode;

  /**
   * Made by the library.
   *
   * @param code which error it is
   * @param message value met and what was expected
   * @param options `cause` @since Broadside
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
