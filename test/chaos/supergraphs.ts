import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kind, parse, print, visit } from 'graphql';
import type { FieldDefinitionNode, GraphQLSchema } from 'graphql';
import { stringify } from 'yaml';
import { clientSchema } from '../support/graphs/client-schema.ts';
import { SUBGRAPHS } from './faults.ts';
import type { SubgraphName } from './faults.ts';
import type { Edition } from './history.ts';

const root = join(import.meta.dirname, '..', '..');
const LABELS = 'Product.tags';
/**
 * Fields that are never null while their services are healthy. The shop's schemas declare them nullable; the
 * supergraphs of a run declare them non-null, so that errors propagate.
 */
const NEVER_NULL: ReadonlySet<string> = new Set(['Product.name', 'Product.stock', 'User.name']);

/** The supergraph file that the routers of a run watch. */
export type SupergraphFile = {
  readonly path: string;
  readonly publish: (edition: Edition | 'bad') => void;
};

/** Ports of the addresses through which an edition calls its subgraphs. */
export function createSupergraphFile(
  directory: string,
  ports: (subgraph: SubgraphName, edition: Edition) => number,
): SupergraphFile {
  const path = join(directory, 'supergraph.yaml');
  const textOf = (edition: Edition): string => {
    const subgraphs = SUBGRAPHS.map((name) => {
      const file = join(directory, `${name}-${edition}.graphql`);
      writeFileSync(file, schemaOf(name, edition));
      const routing = `http://127.0.0.1:${ports(name, edition)}/graphql`;
      return [name, { routing_url: routing, schema: { file } }];
    });
    return stringify({ federation_version: '=2.14.4', subgraphs: Object.fromEntries(subgraphs) });
  };
  const texts = {
    first: textOf('first'),
    second: textOf('second'),
    bad: 'subgraphs: { product: { schema: {} } }\n',
  };

  return {
    path,
    publish(edition) {
      // Written to another file and renamed, so that no router reads half a file.
      writeFileSync(`${path}.new`, texts[edition]);
      renameSync(`${path}.new`, path);
    },
  };
}

/** Returns the API schema of the first edition; the second lacks one of its fields. */
export function shopSchema(): GraphQLSchema {
  return clientSchema(SUBGRAPHS.map((name) => [name, schemaOf(name, 'first')]));
}

function schemaOf(subgraph: SubgraphName, edition: Edition): string {
  const text = readFileSync(join(root, 'subgraphs', subgraph, 'schema.graphql'), 'utf8');
  return print(
    visit(parse(text), {
      ObjectTypeDefinition: (type) => ({
        ...type,
        fields: type.fields?.flatMap((field) =>
          fieldOf(`${type.name.value}.${field.name.value}`, field, edition),
        ),
      }),
    }),
  );
}

function fieldOf(
  coordinate: string,
  field: FieldDefinitionNode,
  edition: Edition,
): readonly FieldDefinitionNode[] {
  if (coordinate === LABELS && edition === 'second') return [];
  const { type } = field;
  if (!NEVER_NULL.has(coordinate) || type.kind === Kind.NON_NULL_TYPE) return [field];
  return [{ ...field, type: { kind: Kind.NON_NULL_TYPE, type } }];
}
