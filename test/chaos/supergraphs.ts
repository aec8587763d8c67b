import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { SUBGRAPHS } from './faults.ts';
import type { SubgraphName } from './faults.ts';
import type { Edition } from './history.ts';

const root = join(import.meta.dirname, '..', '..');
const LABELS = /\n[^\n]*\n  tags: \[String!\] @listSize[^\n]*/;

/** The supergraph file that the routers of a run watch. */
export type SupergraphFile = {
  readonly path: string;
  readonly publish: (edition: Edition | 'bad') => void;
};

/** `ports` of the ways by which an edition reaches its subgraphs. */
export function createSupergraphFile(
  directory: string,
  ports: (subgraph: SubgraphName, edition: Edition) => number,
): SupergraphFile {
  const path = join(directory, 'supergraph.yaml');
  const shortened = join(directory, 'product-without-labels.graphql');
  writeFileSync(shortened, withoutLabels(readFileSync(schemaOf('product'), 'utf8')));

  function textOf(edition: Edition): string {
    const subgraphs = SUBGRAPHS.map((name) => {
      const file = edition === 'second' && name === 'product' ? shortened : schemaOf(name);
      const routing = `http://127.0.0.1:${ports(name, edition)}/graphql`;
      return [name, { routing_url: routing, schema: { file } }];
    });
    return stringify({ federation_version: '=2.14.4', subgraphs: Object.fromEntries(subgraphs) });
  }

  return {
    path,
    publish(edition) {
      // Half a file must never be read.
      writeFileSync(
        `${path}.new`,
        edition === 'bad' ? 'subgraphs: { product: { schema: {} } }\n' : textOf(edition),
      );
      renameSync(`${path}.new`, path);
    },
  };
}

function schemaOf(subgraph: SubgraphName): string {
  return join(root, 'subgraphs', subgraph, 'schema.graphql');
}

function withoutLabels(sdl: string): string {
  const shortened = sdl.replace(LABELS, '');
  if (shortened === sdl) throw new Error('the schema of product has no labels to leave out');
  return shortened;
}
