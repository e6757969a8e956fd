/** Events that are worth nothing later: a client that cannot take one at once goes without it. */
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);
const TWEET_INTERVAL_MS = 100;

let written = 0;
function getTweet(callback: (tweet: string) => void): void {
  callback(`tweet ${++written}`);
}

io.on('connection', (socket) => {
  const tweets = setInterval(() => {
    getTweet((tweet) => socket.volatile.emit('tweet', tweet));
  }, TWEET_INTERVAL_MS);

  socket.on('disconnect', () => {
    clearInterval(tweets);
    console.log('tweets stopped');
  });

  io.volatile.emit('an event', { some: 'data' }); // everyone may or may not receive it
});

announce(io.httpServer);
