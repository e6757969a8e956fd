/**
 * `io.set(key, value)`, the way options were given before Socket.IO 1.0. App thread.
 */
import type { GivenOptions } from './api-options.ts';
import type { ExtendedError } from './middleware.ts';
import type { Server } from './server.ts';
import type { Socket } from './socket.ts';

/** Old keys of engine options. */
const ENGINE_OPTIONS: Readonly<Record<string, keyof GivenOptions>> = {
  transports: 'transports',
  'heartbeat timeout': 'pingTimeout',
  'heartbeat interval': 'pingInterval',
  'destroy buffer size': 'maxHttpBufferSize',
};

type Authorization = (
  request: Socket['request'],
  callback: (error: string | null | undefined, authorized?: boolean) => void,
) => void;

/**
 * Applies one old setting; an unknown key is reported as a warning of the process.
 *
 * @param setEngineOption stores an option for the engine; returns false when it comes too late
 */
export function applyLegacySetting(
  io: Server<any, any, any, any>,
  key: string,
  value: unknown,
  setEngineOption: (name: keyof GivenOptions, value: unknown) => boolean,
): void {
  if (key === 'authorization') {
    if (value) io.use(middlewareOf(value as Authorization));
  } else if (key === 'origins') {
    if (value) io.origins(value as string);
  } else if (key === 'resource') {
    io.path(value as string);
  } else if (!Object.hasOwn(ENGINE_OPTIONS, key)) {
    process.emitWarning(`io.set(): the option ${key} is not known.`);
  } else if (!setEngineOption(ENGINE_OPTIONS[key], value)) {
    process.emitWarning(`io.set(): ${key} has no effect on a server that listens already.`);
  }
}

function middlewareOf(authorize: Authorization) {
  return (socket: Socket<any, any, any, any>, next: (error?: ExtendedError) => void): void => {
    authorize(socket.request, (error, authorized) => {
      if (error) next(new Error(error));
      else if (authorized) next();
      else next(new Error('Not authorized'));
    });
  };
}
