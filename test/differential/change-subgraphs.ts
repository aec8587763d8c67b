import { Kind, parse, print } from 'graphql';
import type {
  ConstDirectiveNode,
  DocumentNode,
  FieldDefinitionNode,
  ObjectTypeDefinitionNode,
} from 'graphql';
import type { SubgraphSdl } from './compose.ts';
import type { Random } from './random.ts';

type Types = readonly ObjectTypeDefinitionNode[];

/** Changes one type of one subgraph as a team might. Many of the results do not compose. */
export function changeSubgraphs(subgraphs: SubgraphSdl, random: Random): SubgraphSdl {
  const name = random.maybePick(Object.keys(subgraphs));
  if (name === undefined) return subgraphs;
  const document = parse(subgraphs[name] ?? '', { noLocation: true });
  const type = random.maybePick(objectTypes(document));
  if (type === undefined) return subgraphs;
  const others = Object.values(subgraphs).flatMap((sdl) => objectTypes(parse(sdl, { noLocation: true })));
  const changed = changeType(type, others, random);
  const definitions = document.definitions.map((node) => (node === type ? changed : node));
  return { ...subgraphs, [name]: print({ ...document, definitions }) };
}

function objectTypes({ definitions }: DocumentNode): Types {
  return definitions.filter((node) => node.kind === Kind.OBJECT_TYPE_DEFINITION);
}

function changeType(type: ObjectTypeDefinitionNode, others: Types, random: Random): ObjectTypeDefinitionNode {
  const { fields = [], directives = [] } = type;
  const field = random.maybePick(fields);
  switch (random.int(5)) {
    case 0:
      return { ...type, fields: fields.filter((each) => each !== field) };
    case 1:
      return { ...type, directives: without(directives, random) };
    case 2:
      return { ...type, fields: fields.map((each) => (each === field ? undirected(each, random) : each)) };
    case 3: {
      const same = others.filter(({ name }) => name.value === type.name.value);
      const directive = random.maybePick(same.flatMap((other) => other.directives ?? []));
      return directive === undefined ? type : { ...type, directives: [...directives, directive] };
    }
    default:
      return { ...type, fields: [...fields, ...copied(type, others, random)] };
  }
}

function undirected(field: FieldDefinitionNode, random: Random): FieldDefinitionNode {
  return { ...field, directives: without(field.directives ?? [], random) };
}

function without(directives: readonly ConstDirectiveNode[], random: Random): readonly ConstDirectiveNode[] {
  const removed = random.maybePick(directives);
  return directives.filter((directive) => directive !== removed);
}

/** A field that another subgraph has in the same type, or one with a new name. */
function copied(type: ObjectTypeDefinitionNode, others: Types, random: Random): FieldDefinitionNode[] {
  const same = others.filter(({ name }) => name.value === type.name.value);
  const field = random.maybePick(same.flatMap(({ fields = [] }) => fields));
  if (field === undefined) return [];
  const isNew = random.chance(0.5);
  return [isNew ? { ...field, name: { kind: Kind.NAME, value: 'added' } } : field];
}
