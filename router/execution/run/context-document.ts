import { Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import { readEntitySelection } from '../../planning/entity-selection.ts';
import type { EntitySelection } from '../../planning/entity-selection.ts';
import { mergeDocuments } from '../entity-batching/merged-documents.ts';
import type { MergedDocument } from '../entity-batching/merged-documents.ts';
import type { FetchProgram } from '../compile/fetch-program.ts';

/**
 * Returns the document that repeats the selection of a fetch `count` times. The context arguments of the
 * first selection have the suffix `_0`, those of the second `_1`, and so on.
 */
export type DocumentFor = (count: number) => MergedDocument;

/** Caches the result of `contextDocuments`, which may be undefined, for each fetch. */
const repeaters = new WeakMap<FetchProgram, { readonly documentFor: DocumentFor | undefined }>();

/**
 * Returns the function that writes one document with the selection of a fetch once for each set of values of
 * its `@fromContext` arguments. Returns undefined if such selections cannot be combined in one document, for
 * example because they use fragments.
 */
export function contextDocuments(fetch: FetchProgram): DocumentFor | undefined {
  const known = repeaters.get(fetch) ?? { documentFor: createDocuments(fetch) };
  repeaters.set(fetch, known);
  return known.documentFor;
}

function createDocuments(fetch: FetchProgram): DocumentFor | undefined {
  const { query }: { query: string } = JSON.parse(`${fetch.bodyPrefix}}`);
  const selection = readEntitySelection({ operation: query }, 0);
  if (selection === undefined) return undefined;
  const documents = new Map<number, MergedDocument>();
  return (count) => {
    const document = documents.get(count) ?? createDocument(fetch, selection, count);
    documents.set(count, document);
    return document;
  };
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
