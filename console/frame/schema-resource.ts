import { createContext } from 'preact';
import { useContext, useEffect } from 'preact/hooks';
import type { SchemaResult } from '../../router/console/api-types.ts';
import { useResource } from '../api/use-resource.ts';
import type { Resource } from '../api/use-resource.ts';

/** Reads the active supergraph, and reads it again when the router has activated another version. */
export function useSchemaResource(version: string | undefined): Resource<SchemaResult> {
  const schema = useResource<SchemaResult>('schema');
  useEffect(() => {
    if (version !== undefined && schema.value !== undefined && schema.value.version !== version)
      schema.reload();
  }, [version]);
  return schema;
}

export const SchemaContext = createContext<Resource<SchemaResult>>({
  value: undefined,
  failure: undefined,
  loading: true,
  reload: () => undefined,
});

/** The schemas of the active supergraph. */
export function useSchema(): Resource<SchemaResult> {
  return useContext(SchemaContext);
}
