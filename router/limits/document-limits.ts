import { GraphQLError, Kind } from 'graphql';
import type {
  DirectiveNode,
  DocumentNode,
  FieldNode,
  FragmentDefinitionNode,
  OperationDefinitionNode,
  SelectionNode,
  SelectionSetNode,
} from 'graphql';
import type { Config } from '../config/config-schema.ts';
import { locationsOf } from '../shared/graphql/document-location.ts';
import { RouterError } from '../shared/errors.ts';
import type { ErrorCode } from '../shared/errors.ts';
import { checkRepeatedFields } from './repeated-fields.ts';

export type DocumentLimits = Pick<
  Config['limits'],
  'depth' | 'aliases' | 'rootFields' | 'directives' | 'selections'
>;

/** Size of a selection set with its fragments expanded. */
type Size = {
  readonly fields: number;
  readonly aliases: number;
  readonly directives: number;
  /** Number of fields on the first level of the selection set. */
  readonly width: number;
  readonly depth: number;
  /**
   * Number of levels, where each fragment counts as a level too: `{ a { ... { b } } }` has the depth 2 and
   * the nesting 3.
   */
  readonly nesting: number;
};

/**
 * Rejects a document that would be expensive to validate or plan. Every definition is measured with its
 * fragments expanded. The size of a fragment is computed only once: n nested fragments may stand for 2^n
 * selections, but the work grows only linearly with the document.
 * @throws {RouterError} with the code of the exceeded limit; GRAPHQL_VALIDATION_FAILED for fragments that
 * contain themselves
 */
export function checkDocument(document: DocumentNode, limits: DocumentLimits): void {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measure = new Measure(fragments, limits);
  for (const definition of document.definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) measure.operation(definition);
  }
  measure.unusedFragments();
  checkRepeatedFields(document, fragments, limits);
}

// Matches the message of graphql-js for too many tokens, in its old and its new form.
const TOO_MANY_TOKENS = /^Syntax Error: Document contains more tha[nt] \d+ tokens/;

/**
 * Converts the parse error for too many tokens (option `maxTokens` of graphql-js) into the router's error
 * code for this limit. Returns other errors unchanged.
 */
export function readParseError(error: unknown, limits: Pick<Config['limits'], 'tokens'>): unknown {
  const isLimit = error instanceof GraphQLError && TOO_MANY_TOKENS.test(error.message);
  return isLimit ? exceeded('MAX_TOKENS_LIMIT', 'tokens', limits.tokens) : error;
}

const NOTHING: Size = { fields: 0, aliases: 0, directives: 0, width: 0, depth: 0, nesting: 0 };
const LEAF: Size = { ...NOTHING, fields: 1, width: 1, depth: 1, nesting: 1 };

/**
 * Maximum nesting (levels of fields and fragments together), as a multiple of the limit for the depth, which
 * counts fields only. Documents of real clients have far fewer levels.
 */
const NESTING_PER_DEPTH = 4;

class Measure {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly #limits: DocumentLimits;
  readonly #measured = new Map<string, Size>();
  readonly #open = new Set<string>();

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, limits: DocumentLimits) {
    this.#fragments = fragments;
    this.#limits = limits;
  }

  operation(operation: OperationDefinitionNode): void {
    const onVariables = operation.variableDefinitions?.flatMap(({ directives }) => directives ?? []);
    const own = countOf(operation.directives) + countOf(onVariables);
    const size = this.#selectionSet(operation.selectionSet, 1);
    this.#check({ ...size, directives: size.directives + own });
    if (size.width > this.#limits.rootFields) {
      throw exceeded('MAX_ROOT_FIELDS_LIMIT', 'root fields', this.#limits.rootFields);
    }
  }

  /** Fragments that no operation uses are measured too, because validation also reads them. */
  unusedFragments(): void {
    for (const name of this.#fragments.keys()) this.#check(this.#fragment(name));
  }

  /**
   * Measures depth, width and number of fields of a selection set.
   * @param nesting number of fields and inline fragments that enclose the selection set; it is limited,
   * because the function is recursive
   */
  #selectionSet({ selections }: SelectionSetNode, nesting: number): Size {
    if (nesting > this.#limits.depth * NESTING_PER_DEPTH) throw this.#tooDeep();
    let size = NOTHING;
    for (const selection of selections) {
      size = sum(size, this.#selection(selection, nesting));
      this.#check(size);
    }
    return size;
  }

  #selection(selection: SelectionNode, nesting: number): Size {
    const directives = countOf(selection.directives);
    switch (selection.kind) {
      case Kind.FIELD:
        return this.#field(selection, directives, nesting);
      case Kind.INLINE_FRAGMENT:
        return within(this.#selectionSet(selection.selectionSet, nesting + 1), directives);
      case Kind.FRAGMENT_SPREAD:
        return within(this.#fragment(selection.name.value, selection), directives);
    }
  }

  #field({ alias, selectionSet }: FieldNode, directives: number, nesting: number): Size {
    if (!selectionSet && !alias && directives === 0) return LEAF;
    const inner = selectionSet ? this.#selectionSet(selectionSet, nesting + 1) : NOTHING;
    return {
      fields: inner.fields + 1,
      aliases: inner.aliases + (alias ? 1 : 0),
      directives: inner.directives + directives,
      width: 1,
      depth: inner.depth + 1,
      nesting: inner.nesting + 1,
    };
  }

  #fragment(name: string, spread?: SelectionNode): Size {
    const known = this.#measured.get(name);
    if (known !== undefined) return known;
    const fragment = this.#fragments.get(name);
    // An unknown fragment is ignored here: validation rejects it, with its location.
    if (fragment === undefined) return NOTHING;
    if (this.#open.has(name)) {
      throw new RouterError('GRAPHQL_VALIDATION_FAILED', `Cannot spread fragment "${name}" within itself.`, {
        locations: spread && locationsOf(spread),
      });
    }
    this.#open.add(name);
    if (this.#open.size > this.#limits.depth * NESTING_PER_DEPTH) throw this.#tooDeep();
    const size = within(this.#selectionSet(fragment.selectionSet, 1), countOf(fragment.directives));
    this.#open.delete(name);
    this.#measured.set(name, size);
    return size;
  }

  // Checks the limits after each selection. The first exceeded limit ends the traversal, so counts stay far
  // below 2^53.
  #check(size: Size): void {
    const { depth, aliases, directives, selections } = this.#limits;
    if (size.depth > depth || size.nesting > depth * NESTING_PER_DEPTH) throw this.#tooDeep();
    if (size.aliases > aliases) throw exceeded('MAX_ALIASES_LIMIT', 'aliases', aliases);
    if (size.directives > directives) throw exceeded('MAX_DIRECTIVES_LIMIT', 'directives', directives);
    if (size.fields > selections) throw exceeded('MAX_SELECTIONS_LIMIT', 'fields', selections);
  }

  #tooDeep(): RouterError {
    return exceeded('MAX_DEPTH_LIMIT', 'levels', this.#limits.depth);
  }
}

function sum(a: Size, b: Size): Size {
  return {
    fields: a.fields + b.fields,
    aliases: a.aliases + b.aliases,
    directives: a.directives + b.directives,
    width: a.width + b.width,
    depth: Math.max(a.depth, b.depth),
    nesting: Math.max(a.nesting, b.nesting),
  };
}

function within(inner: Size, directives: number): Size {
  return { ...inner, directives: inner.directives + directives, nesting: inner.nesting + 1 };
}

function countOf(directives: readonly DirectiveNode[] | undefined): number {
  return directives?.length ?? 0;
}

function exceeded(code: ErrorCode, what: string, limit: number): RouterError {
  return new RouterError(code, `The operation has more than ${limit} ${what}.`);
}
