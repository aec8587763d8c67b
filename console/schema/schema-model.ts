import type { Label } from './labels.ts';
import type { Owner } from './owners.ts';

/** Kind of a type, in the words of SDL. */
export type TypeKind = 'type' | 'interface' | 'union' | 'enum' | 'input' | 'scalar';

/** A field, an input field or an enum value. */
export type Member = {
  readonly name: string;
  /** `Type.field`. */
  readonly coordinate: string;
  readonly description: string | null;
  /** The type as SDL, such as `[Product!]!`; empty for an enum value. */
  readonly type: string;
  /** Name of the type without wrappers; null for an enum value. */
  readonly namedType: string | null;
  readonly defaultValue: string | null;
  readonly args: readonly Argument[];
  /** Subgraphs that resolve the member, by name. */
  readonly owners: readonly Owner[];
  readonly labels: readonly Label[];
  /** Reason of the deprecation; null if the member is not deprecated. */
  readonly deprecated: string | null;
};

export type Argument = {
  readonly name: string;
  /** `Type.field(argument:)`. */
  readonly coordinate: string;
  readonly description: string | null;
  readonly type: string;
  readonly namedType: string;
  readonly defaultValue: string | null;
  readonly labels: readonly Label[];
  readonly deprecated: string | null;
};

/** A key by which a subgraph resolves an entity. */
export type EntityKey = {
  readonly subgraph: string;
  readonly fields: string;
  /** Whether the subgraph resolves the entity by this key, or only refers to it. */
  readonly resolvable: boolean;
};

export type IndexedType = {
  readonly name: string;
  readonly kind: TypeKind;
  readonly description: string | null;
  /** Names of the subgraphs that define the type. */
  readonly subgraphs: readonly string[];
  readonly keys: readonly EntityKey[];
  readonly interfaces: readonly string[];
  /** Types of a union. */
  readonly types: readonly string[];
  readonly members: readonly Member[];
  readonly labels: readonly Label[];
  /** Names of the subgraphs in which the type is an interface object. */
  readonly interfaceObjectIn: readonly string[];
};

/** The types of a supergraph, or of any other schema, with the data of its directives. */
export type SchemaIndex = {
  readonly types: ReadonlyMap<string, IndexedType>;
  /** Names of all subgraphs, in order; empty for a schema that is no supergraph. */
  readonly subgraphs: readonly string[];
  readonly roots: { readonly query: string; readonly mutation: string; readonly subscription: string };
  /** For each type, the coordinates that return or accept it. */
  readonly usedBy: ReadonlyMap<string, readonly string[]>;
};
