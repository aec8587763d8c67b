import { buildSchema } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { useMemo } from 'preact/hooks';
import { useSchema } from './schema-resource.ts';

const built = new Map<string, GraphQLSchema>();

/** Returns the schema of an SDL that the router has validated. The last one is kept. */
export function schemaOf(sdl: string): GraphQLSchema {
  const known = built.get(sdl);
  if (known !== undefined) return known;
  const schema = buildSchema(sdl, { assumeValid: true, assumeValidSDL: true });
  built.clear();
  built.set(sdl, schema);
  return schema;
}

/** The schema that clients see; undefined until the router has sent it. */
export function useApiSchema(): GraphQLSchema | undefined {
  const { value } = useSchema();
  return useMemo(() => (value === undefined ? undefined : schemaOf(value.api)), [value?.api]);
}
