import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ConfigError } from '../../router/config/yaml/read-yaml.ts';
import { codeOrMessageOf } from '../../router/shared/error-message.ts';
import { FORMAT_OPTION } from '../outcome.ts';
import { defineVerb } from '../verb.ts';

const ROUTER_YAML = `# yaml-language-server: $schema=./node_modules/@tributary-graphql/router/router.schema.json
# Settings of the router. Each has a default; values may contain \${env.NAME} and \${env.NAME:-default}.

listen:
  host: 127.0.0.1 # 0.0.0.0 in a container
  port: 4000

supergraph:
  file: supergraph.yaml # or a composed SDL: supergraph.graphql

# Headers of clients that subgraphs receive.
# headers:
#   request:
#     - propagate: { named: accept-language }

# Who may call: tokens of your identity provider.
# authentication:
#   issuers:
#     - issuer: https://login.example.com
#       audience: my-graph
#       jwksUrl: https://login.example.com/.well-known/jwks.json

# Limits by cost, for each user or address.
# rateLimit:
#   enabled: true

traffic:
  all:
    timeoutMs: 2000 # of one call to a subgraph
  deadlineMs: 5000 # of a whole request
`;

const SUPERGRAPH_YAML = `# The subgraphs, in the format of rover. "tributary compose" composes them, "tributary dev" composes and serves them.
federation_version: =2.14.4
subgraphs:
  products:
    routing_url: http://127.0.0.1:4001/graphql # calls of the router
    schema:
      file: products.graphql
      # subgraph_url: http://127.0.0.1:4001/graphql # instead of file: ask the running subgraph
`;

const PRODUCTS_GRAPHQL = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key"])

type Query {
  products: [Product!]!
}

type Product @key(fields: "id") {
  id: ID!
  name: String!
}
`;

const FILES = {
  'router.yaml': ROUTER_YAML,
  'supergraph.yaml': SUPERGRAPH_YAML,
  'products.graphql': PRODUCTS_GRAPHQL,
} as const;

export const init = defineVerb(
  {
    name: 'init',
    summary: 'Writes a commented router.yaml and supergraph.yaml with one subgraph to start from.',
    positionals: { name: '[FOLDER]', max: 1, description: 'Default: the current folder.' },
    examples: ['tributary init my-graph'],
    options: {
      force: { type: 'boolean', short: 'f', description: 'Overwrite files that exist.' },
      format: FORMAT_OPTION,
    },
  },
  async ({ values: { force }, positionals: [folder = '.'] }) => {
    const paths = Object.keys(FILES).map((name) => join(folder, name));
    const existing = paths.filter((path) => existsSync(path));
    if (existing.length > 0 && !force) {
      return {
        kind: 'failure',
        code: 'FILE_EXISTS',
        message: 'nothing was written: --force overwrites existing files',
        problems: existing.map((path) => `${path} exists; --force overwrites it`),
      };
    }
    write(folder);
    const place = relative('.', folder);
    return {
      kind: 'success',
      plain: paths.map((path) => `${path}\n`).join(''),
      data: { files: paths },
      notes: [`next: npx tributary dev --mock products${place === '' ? '' : ` (in ${place})`}`],
    };
  },
);

function write(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  } catch (error) {
    throw new ConfigError([`cannot write to ${folder} (${codeOrMessageOf(error)})`]);
  }
}
