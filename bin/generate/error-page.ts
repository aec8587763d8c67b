import { ERRORS } from '../../router/shared/errors.ts';

/** `docs/errors.md`: the table of error codes for people. */
export function errorPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, meaning, remedy }]) => `| \`${code}\` | ${status} | ${meaning} | ${remedy} |`,
  );
  return `# Error codes

Every error carries its code in \`extensions.code\`. The status is that of a request that was rejected before execution: its response has no \`data\`.
Once an operation is executed the status is 200, however much of the data is missing, also for \`"data": null\`: each error has the
\`path\` of a lost value and \`extensions.service\` names the service (why: [http.md](http.md#status-codes)). Codes of the subgraphs themselves,
such as \`CONFLICT\`, are passed on as they are.

A response without data also names the request in \`extensions.requestId\`, the value of its \`x-request-id\` header and of
\`requestId\` in the log. When waiting helps, \`extensions.retryAfterMs\` says how long ([an example](limits.md#when-the-budget-is-spent)).

Generated from \`router/shared/errors.ts\` by \`npm run generate\`.

| Code | Status | Meaning | What to do |
|---|---|---|---|
${rows.join('\n')}
`;
}
