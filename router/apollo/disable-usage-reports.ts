// Disables the usage reports of Apollo Gateway, which reads the variable when it is imported. Modules that
// import the gateway import this one first.
process.env['APOLLO_TELEMETRY_DISABLED'] = 'true';
