import { ERRORS } from '../../router/shared/errors.ts';

/** Returns `docs/errors.md`, the table of error codes. */
export function errorPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, meaning, remedy }]) => `| \`${code}\` | ${status} | ${meaning} | ${remedy} |`,
  );
  return `# Error codes

Every error carries its code in \`extensions.code\`.

- **A request that was rejected before execution** has the status of the table, and no \`data\`. \`extensions.requestId\`
  names the request, as its \`x-request-id\` header and \`requestId\` in the log do. Requests whose head is not valid
  HTTP (400), too large (431) or late (408) have no id. When waiting helps, \`extensions.retryAfterMs\` says how long
  ([an example](security.md#what-does-a-client-see-when-its-budget-is-spent)).
- **An executed operation** has status 200, whatever part of its data is missing, also for \`"data": null\`
  ([why](http.md#why-is-a-failing-subgraph-not-a-5xx)). Each error has the \`path\` of a lost value, and
  \`extensions.service\` names the service.
- **Codes of the subgraphs**, such as \`CONFLICT\`, are passed on as they are.

Generated from \`router/shared/errors.ts\` by \`npm run generate\`.

| Code | Status | Meaning | What to do |
|---|---|---|---|
${rows.join('\n')}
`;
}
