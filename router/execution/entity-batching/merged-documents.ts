import { parse } from 'graphql';
import type { FetchVariable } from '../fetch/request-body.ts';
import type { EntitySelection } from '../../planning/entity-selection.ts';
import { fetchFields } from '../fetch/fetch-fields.ts';
import { toDouble } from '../../shared/exact-json.ts';
import { isJsonObject } from '../../shared/json.ts';
import type { JsonObject } from '../../shared/json.ts';
import type { ExactPositions, FetchFields } from '../../request/subgraph-request.ts';

/** The parts of a fetch that are needed to merge it with others into one document. */
export type BatchableFetch = {
  readonly service: string;
  readonly represent: unknown;
  readonly bodyPrefix: string;
  readonly variables: readonly FetchVariable[];
  readonly fields: FetchFields;
  readonly exact: ExactPositions;
  readonly entitySelection: EntitySelection | undefined;
};

/** A fetch that can be sent in one request with others. */
export type MergeableFetch = BatchableFetch & { readonly entitySelection: EntitySelection };

/**
 * Two fetches for the same objects, combined so that one `_entities` field serves both. The representations
 * are those of one of the fetches, called the carrier: they contain everything that the other one requires.
 */
export type JointFetch = {
  /** Index of the fetch whose representations are sent for both fetches. */
  readonly carrier: number;
  /** Response keys that the second fetch, which is not the carrier, adds to the selection. */
  readonly carriedKeys: ReadonlySet<string>;
  readonly fetch: MergeableFetch;
};

/**
 * Several entity selections in one document. The first has the alias `e0` and reads its representations from
 * the variable `$r0`; the second has `e1` and `$r1`, and so on.
 */
export type MergedDocument = {
  /** Beginning of the JSON request body, up to its variables. */
  readonly bodyPrefix: string;
  /** Response keys of the selections: `e0`, `e1` and so on. */
  readonly keys: readonly string[];
  /**
   * For each selection, the JSON text that precedes its list of representations in the variables, such as
   * `"r0":`.
   */
  readonly representations: readonly string[];
  readonly variables: readonly FetchVariable[];
  readonly fields: FetchFields;
  readonly exact: ExactPositions;
  /** Number of times that these selections will still be sent separately, because merging them failed. */
  timesApart: number;
};

/** Maximum number of merged documents cached per operation: one for each combination of selections. */
const MAX_DOCUMENTS = 32;

/** Composes and caches the merged documents of one operation. */
export class MergedDocuments {
  readonly #documents = new Map<string, MergedDocument>();

  /**
   * Returns the document that merges the selections of these fetches.
   * @param fetches one fetch for each selection, sorted by the id of the selection.
   */
  for(fetches: readonly MergeableFetch[]): MergedDocument {
    const key = fetches.map(({ entitySelection }) => entitySelection.id).join();
    const known = this.#documents.get(key);
    if (known !== undefined) return known;
    const document = mergeDocuments(fetches);
    const [oldest] = this.#documents.keys();
    if (this.#documents.size >= MAX_DOCUMENTS && oldest !== undefined) this.#documents.delete(oldest);
    this.#documents.set(key, document);
    return document;
  }
}

/** Merges the selections of fetches into one document. */
export function mergeDocuments(fetches: readonly MergeableFetch[]): MergedDocument {
  const [only, ...others] = fetches;
  if (only !== undefined && others.length === 0) return unaliased(only);
  const selections = fetches.map(({ entitySelection }) => entitySelection);
  // Several selections may declare the same variable, which is declared once in the merged document. They
  // belong to one operation, so a name always means the same variable.
  const definitions = new Map(selections.flatMap(({ variables }) => [...variables]));
  const prefix = unusedPrefix([...definitions.keys()]);
  const declared = [...selections.keys()].map((index) => `$${prefix}${index}:[_Any!]!`);
  const fields = selections.map(
    ({ selections }, index) => `e${index}:_entities(representations:$${prefix}${index})${selections}`,
  );
  const text = `query(${[...declared, ...definitions.values()].join()}){${fields.join(' ')}}`;
  return {
    bodyPrefix: `{"query":${JSON.stringify(text)}`,
    keys: selections.map((_, index) => `e${index}`),
    representations: selections.map((_, index) => `"${prefix}${index}":`),
    variables: [
      ...new Map(
        fetches.flatMap(({ variables }) => variables.map((variable) => [variable.prefix, variable])),
      ).values(),
    ],
    fields: fetchFields(parse(text, { noLocation: true })),
    exact: mergedPositions(fetches),
    timesApart: 0,
  };
}

function mergedPositions(fetches: readonly MergeableFetch[]): ExactPositions {
  const parts = fetches.map(({ exact }, index) => ({ exact, key: `e${index}` }));
  return {
    hasNumbers: (data) =>
      isJsonObject(data) && parts.some(({ exact, key }) => exact.hasNumbers({ _entities: data[key] })),
    roundOthers(data) {
      if (!isJsonObject(data)) return toDouble(data);
      for (const { exact, key } of parts) {
        if (data[key] === undefined) continue;
        const own: JsonObject = { _entities: data[key] };
        exact.roundOthers(own);
        data[key] = own['_entities'];
      }
      return data;
    },
  };
}

/**
 * Returns the document for queries that all have the same selection. It needs no aliases, so the fetch's own
 * document is used.
 */
function unaliased({ bodyPrefix, variables, fields, exact }: MergeableFetch): MergedDocument {
  return {
    bodyPrefix,
    keys: ['_entities'],
    representations: ['"representations":'],
    variables,
    fields,
    exact,
    timesApart: 0,
  };
}

function unusedPrefix(names: readonly string[]): string {
  let prefix = 'r';
  while (names.some((name) => name.startsWith(prefix))) prefix += '_';
  return prefix;
}
