/*
 * Imported into every process that `npm start` starts: the process stops when its parent has exited, even by
 * SIGKILL, and so releases its port and its data folder.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
