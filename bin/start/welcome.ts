import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { Config } from '../../router/config/config-schema.ts';
import { demoPassword, demoUsers } from '../../subgraphs/shop/demo/users.ts';
import { consoleUrl } from './console-url.ts';
import { reachable } from './service.ts';
import type { ShopRegistry } from './shop-registry.ts';

// Needs all five services: order, user (customer), product, inventory (stock) and shipping (shipment).
const QUERY =
  '{ orders(first: 1, status: SHIPPED) { edges { node { number status placedAt totalAmount { amount currency }' +
  ' customer { name email } items { quantity productName product { name price { amount } stock { available } } }' +
  ' shipment { carrier status estimatedDelivery } } } } }';

/** Returns the text after the start: URLs, demo logins and one command to paste. */
export function welcome(config: Config, registry: ShopRegistry | undefined): string {
  const { host, port, path } = config.listen;
  const origin = `http://${reachable(host)}:${port}`;
  const logins = demoUsers.filter((user) => user.canLogIn);
  const heading = (text: string) => styleText('bold', text);
  const isDevelopment = config.mode === 'development';
  const console = consoleUrl(config);
  const hasSandbox = config.sandbox.enabled ?? isDevelopment;
  return [
    '',
    heading('Tributary is ready.'),
    '',
    `  GraphQL   ${origin}${path}`,
    ...(console === undefined ? [] : [`  Console   ${console}`]),
    ...(hasSandbox ? [`  Sandbox   ${origin}/sandbox`] : []),
    ...adminLines(config),
    ...(registry === undefined ? [] : [`  Registry  ${registry.url}, graph ${registry.graph}`]),
    '',
    heading(`Demo logins (password: ${demoPassword})`),
    ...logins.map(({ email, tier, roles }) => `  ${email.padEnd(22)} ${tier.padEnd(11)} ${roles.join(', ')}`),
    '',
    heading('To paste: one order, from all five services'),
    exampleCommand(`${origin}${path}`),
    ...(registry === undefined
      ? []
      : ['', heading('To paste: change the graph'), ...changeCommands(registry)]),
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}

/** Returns the URLs of the admin port. */
function adminLines({ admin, console: page }: Config): readonly string[] {
  if (!admin.enabled) return [];
  const origin = `http://${reachable(admin.host)}:${admin.port}`;
  return [
    `  Metrics   ${origin}/metrics`,
    ...(page.enabled ? [`  Operate   ${origin}/console#/operate`] : []),
  ];
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

/**
 * Returns commands that change the schema of `product`: one that is rejected because clients need the field,
 * one that is safe, and one that undoes it.
 */
function changeCommands({ url, graph, adminKeyFile }: ShopRegistry): readonly string[] {
  const near = relative(process.cwd(), adminKeyFile);
  const key = near.startsWith('..') ? adminKeyFile : near;
  const schema = 'subgraphs/product/schema.graphql';
  const tributary = 'node bin/tributary.mjs';
  return [
    `export TRIBUTARY_REGISTRY=${url} TRIBUTARY_GRAPH=${graph} TRIBUTARY_KEY_FILE=${key}`,
    '# Renames Product.name, which clients use: the check fails and names them.',
    `sed '/Name, in one line/{n;s/name/title/;}' ${schema} | ${tributary} subgraph check product --schema -`,
    '# Removes Product.imageUrl, which no client uses: it is published, and the router follows.',
    `sed '/URL of its picture/,/imageUrl/d' ${schema} | ${tributary} subgraph publish product --schema -`,
    '# Serves the previous launch again.',
    `${tributary} launch rollback`,
  ];
}
