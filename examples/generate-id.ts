/** Session ids of your own. They are the clients' secrets: an application adds enough random bits. */
import { randomBytes } from 'node:crypto';
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const io = new Server(PORT);
let customId = 0;

io.engine.generateId = () => `custom:id:${customId++}:${randomBytes(15).toString('base64url')}`; // must be unique

announce(io.httpServer);
