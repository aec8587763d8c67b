import { styleText } from 'node:util';
import type { Config } from '../../router/config/config-schema.ts';
import { demoPassword, demoUsers } from '../../subgraphs/shop/demo/users.ts';
import { reachable } from './service.ts';

// Needs all five services: order, user (customer), product, inventory (stock) and shipping (shipment).
const QUERY =
  '{ orders(first: 1, status: SHIPPED) { edges { node { number status placedAt totalAmount { amount currency }' +
  ' customer { name email } items { quantity productName product { name price { amount } stock { available } } }' +
  ' shipment { carrier status estimatedDelivery } } } } }';

/** Returns the text after the start: URLs, demo logins and one command to paste. */
export function welcome(config: Config): string {
  const { host, port, path } = config.listen;
  const origin = `http://${reachable(host)}:${port}`;
  const logins = demoUsers.filter((user) => user.canLogIn);
  const heading = (text: string) => styleText('bold', text);
  const sandbox = config.sandbox.enabled ?? config.mode === 'development';
  return [
    '',
    heading('Tributary is ready.'),
    '',
    `  GraphQL   ${origin}${path}`,
    ...(sandbox ? [`  Sandbox   ${origin}/`] : []),
    ...(config.admin.enabled
      ? [`  Metrics   http://${reachable(config.admin.host)}:${config.admin.port}/metrics`]
      : []),
    '',
    heading(`Demo logins (password: ${demoPassword})`),
    ...logins.map(({ email, tier, roles }) => `  ${email.padEnd(22)} ${tier.padEnd(11)} ${roles.join(', ')}`),
    '',
    heading('To paste: one order, from all five services'),
    exampleCommand(`${origin}${path}`),
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}

/**
 * Returns a command that logs in as the first demo customer and queries an order; it needs a shell, curl and
 * sed.
 */
function exampleCommand(url: string): string {
  const [email = ''] = demoUsers.filter((user) => user.canLogIn).map((user) => user.email);
  const login = `mutation { login(email: "${email}", password: "${demoPassword}") { accessToken } }`;
  const post = `curl -s ${url} -H 'content-type: application/json'`;
  return [
    `TOKEN=$(${post} -d '${JSON.stringify({ query: login })}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
    `${post} -H "authorization: Bearer $TOKEN" -d '${JSON.stringify({ query: QUERY })}'`,
  ].join('; \\\n');
}
