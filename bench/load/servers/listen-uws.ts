/** What the two uWebSockets.js servers under test share: the back-pressure limit, and binding to a free loopback port. */
import { type TemplatedApp, us_socket_local_port } from 'uWebSockets.js';

/** Far above any in-flight bound: past its default of 64 KB uWebSockets.js skips the client without a word. */
export const MAX_BACKPRESSURE_BYTES = 16 * 1024 * 1024;

export function listenUws(app: TemplatedApp): Promise<number> {
  return new Promise((resolve, reject) => {
    app.listen('127.0.0.1', 0, (token) => {
      if (token === false) reject(new Error('uWebSockets.js could not bind a port'));
      else resolve(us_socket_local_port(token));
    });
  });
}
