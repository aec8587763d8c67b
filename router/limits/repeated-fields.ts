import { Kind } from 'graphql';
import type { DocumentNode, FieldNode, FragmentDefinitionNode, SelectionSetNode } from 'graphql';
import { RouterError } from '../shared/errors.ts';
import { responseName } from '../shared/graphql/response-name.ts';

/**
 * Maximum number of pairs of fields with the same response name, which validation must compare (GraphQL
 * section 5.3.2). Without this limit, 480 repetitions of `a{x}` would cause half a million comparisons and
 * block the process for 100 ms. With it, they are rejected within 8 ms.
 */
const MAX_PAIRS = 20_000;

/**
 * Maximum number of pairs of fragments that are spread in one selection set, which validation must compare
 * too. Without this limit, 900 spreads in 7 KB would block the process for 40 ms.
 */
const MAX_FRAGMENT_PAIRS = 50_000;

/**
 * Maximum number of fields in all definitions of a document together, as a multiple of `limits.selections`,
 * the maximum for one definition.
 */
const DEFINITIONS = 2;

/**
 * Rejects a document for which validation would have to compare too many fields. `checkDocument` must run
 * first: it limits the size of documents with fragments expanded, and this check may visit a fragment again
 * at each place that spreads the fragment.
 * @throws {RouterError} MAX_SELECTIONS_LIMIT
 */
export function checkRepeatedFields(
  document: DocumentNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  limits: { readonly selections: number },
): void {
  const merging = new FieldMerge(fragments, limits.selections * DEFINITIONS);
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION) merging.merge([definition.selectionSet]);
  for (const [name, { selectionSet }] of fragments)
    if (!merging.reached.has(name)) merging.merge([selectionSet]);
}

/**
 * Merges the selection sets of fields with one response name, level by level, as execution does. Example:
 * `{ a { b } a { c } }` becomes `{ a { b c } }`.
 */
class FieldMerge {
  readonly reached = new Set<string>();
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /**
   * Selection sets that were counted on their own, not merged with others. They are not counted again if they
   * recur, as those inside `F` do in `{ x { ...F } y { ...F } }`.
   */
  readonly #alone = new Set<SelectionSetNode>();
  #fieldsLeft: number;
  #pairsLeft = MAX_PAIRS;
  #fragmentPairsLeft = MAX_FRAGMENT_PAIRS;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, maxFields: number) {
    this.#fragments = fragments;
    this.#fieldsLeft = maxFields;
  }

  merge(sets: readonly SelectionSetNode[]): void {
    const [only] = sets;
    if (sets.length === 1 && only !== undefined) {
      if (this.#alone.has(only)) return;
      this.#alone.add(only);
    }
    const byName = new Map<string, FieldNode[]>();
    const spread = new Set<string>();
    for (const set of sets) this.#collect(set, byName, spread);
    this.#fragmentPairsLeft -= (spread.size * (spread.size - 1)) / 2;
    if (this.#fragmentPairsLeft < 0)
      throw new RouterError('MAX_SELECTIONS_LIMIT', 'The operation spreads too many fragments.');
    for (const fields of byName.values()) {
      this.#pairsLeft -= (fields.length * (fields.length - 1)) / 2;
      if (this.#pairsLeft < 0) throw tooManyRepeats();
      const inner = fields.flatMap(({ selectionSet }) => selectionSet ?? []);
      if (inner.length > 0) this.merge(inner);
    }
  }

  #collect(set: SelectionSetNode, byName: Map<string, FieldNode[]>, spread: Set<string>): void {
    for (const selection of set.selections) {
      switch (selection.kind) {
        case Kind.FIELD: {
          this.#fieldsLeft -= 1;
          if (this.#fieldsLeft < 0) throw tooManyRepeats();
          const name = responseName(selection);
          const fields = byName.get(name);
          if (fields === undefined) byName.set(name, [selection]);
          else fields.push(selection);
          break;
        }
        case Kind.INLINE_FRAGMENT:
          this.#collect(selection.selectionSet, byName, spread);
          break;
        case Kind.FRAGMENT_SPREAD:
          this.#spread(selection.name.value, byName, spread);
          break;
      }
    }
  }

  #spread(name: string, byName: Map<string, FieldNode[]>, spread: Set<string>): void {
    if (spread.has(name)) return;
    spread.add(name);
    this.reached.add(name);
    const fragment = this.#fragments.get(name);
    if (fragment !== undefined) this.#collect(fragment.selectionSet, byName, spread);
  }
}

function tooManyRepeats(): RouterError {
  return new RouterError('MAX_SELECTIONS_LIMIT', 'The operation selects the same fields too many times.');
}
