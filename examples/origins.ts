/** Pages of which origins may connect: a list, or a function that decides. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const listed = new Server(PORT);
listed.origins(['foo.example.com:443']);

const decided = new Server(0);
decided.origins((origin, callback) => {
  if (origin !== 'https://foo.example.com') {
    return callback('origin not allowed', false);
  }
  callback(null, true);
});

announce(listed.httpServer, 'a list on');
announce(decided.httpServer, 'a function on');
