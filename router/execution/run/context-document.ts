import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type { EntitySelection } from '../entity-batching/entity-selection.ts';
import { mergeDocuments } from '../entity-batching/merged-documents.ts';
import type { MergedDocument } from '../entity-batching/merged-documents.ts';
import type { FetchProgram } from '../compile/fetch-program.ts';

/** Cached documents of each fetch, by the number of selections in the document. */
const documents = new WeakMap<FetchProgram, Map<number, MergedDocument>>();

/**
 * Returns the document that repeats the selection of a fetch `count` times. The context arguments of the
 * first selection have the suffix `_0`, those of the second `_1`, and so on.
 */
export function contextDocument(
  fetch: FetchProgram,
  selection: EntitySelection,
  count: number,
): MergedDocument {
  const known = documents.get(fetch) ?? new Map<number, MergedDocument>();
  documents.set(fetch, known);
  const document = known.get(count) ?? createDocument(fetch, selection, count);
  known.set(count, document);
  return document;
}

function createDocument(fetch: FetchProgram, selection: EntitySelection, count: number): MergedDocument {
  const names = new Set(fetch.context?.map(({ name }) => name));
  const selections = Array.from({ length: count }, (_, index) => withSuffix(selection, names, `_${index}`));
  return mergeDocuments(selections.map((entitySelection) => ({ ...fetch, entitySelection })));
}

function withSuffix(
  { id, selections, variables }: EntitySelection,
  names: ReadonlySet<string>,
  suffix: string,
): EntitySelection {
  const renamed = visit(parse(selections, { noLocation: true }), {
    Variable: ({ kind, name }) =>
      names.has(name.value) ? { kind, name: { kind: Kind.NAME, value: name.value + suffix } } : undefined,
  });
  const definitions = [...variables].map(([name, text]): [string, string] =>
    names.has(name) ? [name + suffix, text.replace(`$${name}:`, () => `$${name}${suffix}:`)] : [name, text],
  );
  return { id, selections: stripIgnoredCharacters(print(renamed)), variables: new Map(definitions) };
}
