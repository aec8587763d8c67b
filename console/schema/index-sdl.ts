import { parse } from 'graphql';
import { createSchemaIndex } from './schema-index.ts';
import type { SchemaIndex } from './schema-model.ts';

/** Indexes an SDL that the router serves. */
export function indexSdl(sdl: string): SchemaIndex {
  return createSchemaIndex(parse(sdl, { noLocation: true }));
}
