/*
 * Imported into every process that `npm start` starts: a service whose starter is gone, however it died, stops
 * instead of holding its port and its data folder.
 */
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
process.channel?.unref();
