// Loaded before the program: says in which thread. In `require`d files the main thread has number 0.
const { threadId } = require('node:worker_threads');

process.stdout.write(`preloaded in ${threadId}\n`);
