// Disables the usage reports of Apollo Gateway. The gateway reads this environment variable when it is
// imported, so modules that import the gateway must import this module first.
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
