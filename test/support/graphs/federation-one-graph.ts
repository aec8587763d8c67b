/** Subgraphs of Federation 1: no `@link`, value types in several subgraphs, and extended entities. */
export const FEDERATION_ONE = {
  a: `# Federation 1
    type Query { a0: E0 a1: [E1] }
    type Mutation { aChange(first: Int): E0 }
    type E0 @key(fields: "id") { id: ID! f0(first: Int): String f1: V0 f2: E1 f3: [E1!] @provides(fields: "sku") }
    extend type E1 @key(fields: "id") { id: ID! @external sku: Int! @external f1: String f2: Named }
    interface Named { label(upper: Boolean = false): String }
    type V0 implements Named { width(round: Boolean): Int note: String! label(upper: Boolean = false): String }
    type V1 implements Named { width: Float label(upper: Boolean = false): String inner: [V0!] }
  `,
  b: `# Federation 1
    extend type Query { b0: E1 b1: [Any] }
    type E1 @key(fields: "id") @key(fields: "sku") { id: ID! sku: Int! f0: Int f3: [[Float]] f4: Any }
    interface Named { label(upper: Boolean = false): String }
    union Any = V0 | V1
    type V0 implements Named { width(round: Boolean): Int note: String! label(upper: Boolean = false): String }
    type V1 implements Named { width: Float label(upper: Boolean = false): String inner: [V0!] }
  `,
  c: `# Federation 1
    extend type Query { c0: [E0!] }
    extend type E0 @key(fields: "id") {
      id: ID! @external
      f0(first: Int): String @external
      f1: V0 @external
      cOf0: Int @requires(fields: "f0(first: 2) f1 { note }")
      c1: E1
    }
    extend type E1 @key(fields: "sku") { sku: Int! @external f0: Int @external cOf0: String @requires(fields: "f0") }
    interface Named { label(upper: Boolean = false): String }
    type V0 implements Named { width(round: Boolean): Int note: String! label(upper: Boolean = false): String }
  `,
} as const;

/** Their supergraph, in the form that compositions of Federation 1 write: join v0.1 and core v0.2. */
export function federationOneSupergraph(urls: Readonly<Record<keyof typeof FEDERATION_ONE, string>>): string {
  return `
schema
  @core(feature: "https://specs.apollo.dev/core/v0.2"),
  @core(feature: "https://specs.apollo.dev/join/v0.1", for: EXECUTION)
{
  query: Query
  mutation: Mutation
}

directive @core(as: String, feature: String!, for: core__Purpose) repeatable on SCHEMA

directive @join__field(graph: join__Graph, provides: join__FieldSet, requires: join__FieldSet) on FIELD_DEFINITION

directive @join__graph(name: String!, url: String!) on ENUM_VALUE

directive @join__owner(graph: join__Graph!) on INTERFACE | OBJECT

directive @join__type(graph: join__Graph!, key: join__FieldSet) repeatable on INTERFACE | OBJECT

union Any = V0 | V1

enum core__Purpose {
  """
  \`EXECUTION\` features provide metadata necessary to for operation execution.
  """
  EXECUTION

  """
  \`SECURITY\` features provide metadata necessary to securely resolve fields.
  """
  SECURITY
}

type E0
  @join__owner(graph: A)
  @join__type(graph: A, key: "id")
  @join__type(graph: C, key: "id")
{
  c1: E1 @join__field(graph: C)
  cOf0: Int @join__field(graph: C, requires: "f0(first: 2) f1{note}")
  f0(first: Int): String @join__field(graph: A)
  f1: V0 @join__field(graph: A)
  f2: E1 @join__field(graph: A)
  f3: [E1!] @join__field(graph: A, provides: "sku")
  id: ID! @join__field(graph: A)
}

type E1
  @join__owner(graph: B)
  @join__type(graph: B, key: "id")
  @join__type(graph: B, key: "sku")
  @join__type(graph: A, key: "id")
  @join__type(graph: C, key: "sku")
{
  cOf0: String @join__field(graph: C, requires: "f0")
  f0: Int @join__field(graph: B)
  f1: String @join__field(graph: A)
  f2: Named @join__field(graph: A)
  f3: [[Float]] @join__field(graph: B)
  f4: Any @join__field(graph: B)
  id: ID! @join__field(graph: B)
  sku: Int! @join__field(graph: B)
}

scalar join__FieldSet

enum join__Graph {
  A @join__graph(name: "a" url: ${JSON.stringify(urls.a)})
  B @join__graph(name: "b" url: ${JSON.stringify(urls.b)})
  C @join__graph(name: "c" url: ${JSON.stringify(urls.c)})
}

type Mutation {
  aChange(first: Int): E0 @join__field(graph: A)
}

interface Named {
  label(upper: Boolean = false): String
}

type Query {
  a0: E0 @join__field(graph: A)
  a1: [E1] @join__field(graph: A)
  b0: E1 @join__field(graph: B)
  b1: [Any] @join__field(graph: B)
  c0: [E0!] @join__field(graph: C)
}

type V0 implements Named {
  label(upper: Boolean = false): String
  note: String!
  width(round: Boolean): Int
}

type V1 implements Named {
  inner: [V0!]
  label(upper: Boolean = false): String
  width: Float
}
`;
}
