import { Kind, parse } from 'graphql';
import { constantArguments } from '../../router/shared/graphql/constant-arguments.ts';
import type { SubgraphSdl } from './compose.ts';

/** Fields with a progressive `@override`, by coordinate. */
export type MovedFields = ReadonlyMap<
  string,
  { readonly label: string; readonly from: string; readonly to: string }
>;

/** Reads the fields that subgraphs take over from others if a label is true. */
export function movedFields(typeDefs: SubgraphSdl): MovedFields {
  const moved = new Map<string, { label: string; from: string; to: string }>();
  for (const [to, sdl] of Object.entries(typeDefs)) {
    for (const type of parse(sdl, { noLocation: true }).definitions) {
      if (type.kind !== Kind.OBJECT_TYPE_DEFINITION) continue;
      for (const { name, directives = [] } of type.fields ?? []) {
        const override = directives.find((directive) => directive.name.value === 'override');
        const { from, label } = override === undefined ? {} : constantArguments(override);
        if (typeof from === 'string' && typeof label === 'string')
          moved.set(`${type.name.value}.${name.value}`, { label, from, to });
      }
    }
  }
  return moved;
}
