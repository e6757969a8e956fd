import { EventEmitter } from 'node:events';

function Emitter(): void {}
Emitter.prototype = EventEmitter.prototype;

/** An EventEmitter that owns nothing until somebody listens; Node's constructor gives each instance a table of its own. */
export const IdleEmitter = Emitter as unknown as new () => EventEmitter;
