import { isIntrospectionType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { OperationsResult, RequestsResult, SchemaResult } from '../../router/console/api-types.ts';
import { apiGet } from '../api/client.ts';
import { schemaOf } from './api-schema.ts';
import { linkToCoordinate } from '../schema/links.ts';
import { linkTo } from './location.ts';
import { distinctEntries } from './palette-entries.ts';
import type { PaletteEntry } from './palette-entries.ts';

/** Reads the searchable entries from the router. Parts that it does not serve are left out. */
export async function loadEntries(): Promise<readonly PaletteEntry[]> {
  const [schema, operations, requests] = await Promise.all([
    apiGet<SchemaResult>('schema').then(schemaEntries, none),
    apiGet<OperationsResult>('operations').then(operationEntries, none),
    apiGet<RequestsResult>('requests').then(requestEntries, none),
  ]);
  // An operation of the manifest may be recorded, too.
  return distinctEntries([...schema, ...operations, ...requests]);
}

const none = (): readonly PaletteEntry[] => [];

function schemaEntries({ api, subgraphs }: SchemaResult): readonly PaletteEntry[] {
  const links = subgraphs.map(({ name }): PaletteEntry => ({
    kind: 'subgraph',
    title: name,
    link: linkTo('operate', ['requests'], { subgraph: name }),
  }));
  return [...typeEntries(schemaOf(api)), ...links];
}

function typeEntries(schema: GraphQLSchema): readonly PaletteEntry[] {
  const types = Object.values(schema.getTypeMap()).filter((type) => !isIntrospectionType(type));
  return types.flatMap((type): readonly PaletteEntry[] => {
    const fields = 'getFields' in type ? Object.values(type.getFields()) : [];
    return [
      { kind: 'type', title: type.name, link: linkToCoordinate(type.name) },
      ...fields.map(({ name, type: result }): PaletteEntry => {
        const title = `${type.name}.${name}`;
        return { kind: 'field', title, detail: String(result), link: linkToCoordinate(title) };
      }),
    ];
  });
}

function operationEntries({ manifest, recorded }: OperationsResult): readonly PaletteEntry[] {
  return [...manifest, ...recorded].map(({ name, type, body }) => ({
    kind: 'operation',
    title: name ?? 'anonymous',
    detail: type,
    link: linkTo('explore', [], { query: body }),
  }));
}

function requestEntries({ requests }: RequestsResult): readonly PaletteEntry[] {
  return requests.map(({ id, operation, sentence }) => ({
    kind: 'request',
    title: `${id} ${operation ?? ''}`.trim(),
    detail: sentence.split(':', 1)[0] ?? '',
    link: linkTo('operate', ['requests', id]),
  }));
}
