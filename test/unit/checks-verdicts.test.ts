import { describe, expect, test } from 'vitest';
import { readVersion } from '../../checks/composition.ts';
import { evaluateOperation } from '../../checks/operations/evaluate-operation.ts';
import { viewOf } from '../../checks/operations/schema-view.ts';
import type { SchemaView } from '../../checks/operations/schema-view.ts';
import { compose } from '../../router/supergraph/compose.ts';

/**
 * Changes of a schema with the verdict of each operation, by the specifications of GraphQL and federation.
 * `[before, after]` replaces a text in the schema. A result is a verdict, with the code and coordinate of
 * each reason.
 */

const LINK = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.12", import: ["@key", "@shareable",
  "@tag", "@inaccessible", "@authenticated", "@requiresScopes", "@policy", "@cost", "@listSize", "@override"])`;

const SCHEMA = `
  directive @live(every: Int = 1) on FIELD
  scalar Date
  type Query {
    product(id: ID): Product
    products(first: Int = 10, sort: Sort = NAME, filter: Filter): [Product!]!
    page(size: Int! = 20): Int
    media: Media
    book: Book
    search(text: String!): [Result!]!
    me: User
    secret: Secret @authenticated
  }
  type Mutation { rate(input: RateInput!): ID open(status: Status!): ID }
  type Subscription { changed: Product }
  type Product {
    id: ID! name: String! price: Int tags: [String!]! labels: [String] status: Status
    sku: String created: Date owner: User
  }
  type User { id: ID! email: String }
  type Secret { text: String note: String @requiresScopes(scopes: [["a"], ["b"]]) }
  interface Media { title: String! length: Int }
  type Book implements Media { title: String! length: Int pages: Int }
  type Movie implements Media { title: String! length: Int studio: String }
  type Song { title: String! length: Int! track: Int }
  union Result = Product | Book | Movie | Song
  enum Status { NEW SHIPPED CLOSED }
  enum Sort { NAME PRICE }
  input Filter { status: Status text: String = "" range: Range }
  input Range { min: Int max: Int }
  input RateInput { id: ID! stars: Int! text: String }
`;

type Edit = readonly [before: string, after: string];

type Case = readonly [name: string, edits: readonly Edit[], results: Readonly<Record<string, string>>];

function supergraphOf(subgraphs: Readonly<Record<string, string>>): string {
  const composed = compose(
    Object.entries(subgraphs).map(([name, sdl]) => ({
      name,
      url: `http://${name}.example/`,
      sdl: `${LINK}\n${sdl}`,
      place: `${name}.graphql`,
    })),
  );
  if (composed.kind === 'failed') throw new Error(JSON.stringify(composed.findings));
  return composed.supergraphSdl;
}

function edited(edits: readonly Edit[], schema = SCHEMA): string {
  return edits.reduce((text, [before, after]) => {
    expect(text).toContain(before);
    return text.replace(before, after);
  }, schema);
}

const viewOfSchema = (sdl: string) => viewOf(readVersion(supergraphOf({ s: sdl })));

const BEFORE = viewOfSchema(SCHEMA);

/** Returns each verdict with the codes and coordinates of its reasons. */
function verdictsOf(bodies: readonly string[], before: SchemaView, after: SchemaView) {
  const verdicts = bodies.map((body) => {
    const { verdict, reasons } = evaluateOperation({ body }, before, after);
    return [body, [verdict, ...reasons.map(({ code, coordinate }) => `${code} ${coordinate}`)].join(' ')];
  });
  return Object.fromEntries(verdicts);
}

const CASES: readonly Case[] = [
  // Fields
  [
    'a field is removed',
    [[' name: String!', '']],
    {
      '{ product { name } }': 'breaks FIELD_REMOVED Product.name',
      '{ product { label: name } }': 'breaks FIELD_REMOVED Product.name',
      'query ($no: Boolean!) { product { id name @skip(if: $no) } }': 'breaks FIELD_REMOVED Product.name',
      '{ search(text: "a") { ...Named } } fragment Named on Product { name }':
        'breaks FIELD_REMOVED Product.name',
      'subscription { changed { name } }': 'breaks FIELD_REMOVED Product.name',
      '{ product { id } }': 'safe',
    },
  ],
  [
    'a field is renamed',
    [[' name: String!', ' title: String!']],
    { '{ product { name id } }': 'breaks FIELD_REMOVED Product.name', '{ product { __typename } }': 'safe' },
  ],
  [
    'a root field is removed',
    [['me: User', '']],
    { '{ me { id } }': 'breaks FIELD_REMOVED Query.me', '{ product { id } }': 'safe' },
  ],
  [
    'a field is added',
    [['sku: String', 'sku: String size: Int']],
    {
      '{ product { sku } }': 'safe',
      '{ __type(name: "Product") { fields { name } } __schema { types { name } } }': 'safe',
    },
  ],
  [
    'an output type becomes nullable',
    [[' name: String!', ' name: String']],
    { '{ product { name } }': 'breaks FIELD_TYPE_CHANGED Product.name', '{ product { id } }': 'safe' },
  ],
  ['an output type becomes non-null', [['price: Int', 'price: Int!']], { '{ product { price } }': 'safe' }],
  [
    'the items of a list become nullable',
    [['tags: [String!]!', 'tags: [String]!']],
    { '{ product { tags } }': 'breaks FIELD_TYPE_CHANGED Product.tags' },
  ],
  [
    'a list and its items become non-null',
    [['labels: [String]', 'labels: [String!]!']],
    { '{ product { labels } }': 'safe' },
  ],
  [
    'a list becomes deeper',
    [['tags: [String!]!', 'tags: [[String!]!]!']],
    { '{ product { tags } }': 'breaks FIELD_TYPE_CHANGED Product.tags' },
  ],
  [
    'a value becomes a list',
    [['price: Int', 'price: [Int]']],
    { '{ product { price } }': 'breaks FIELD_TYPE_CHANGED Product.price' },
  ],
  [
    'a list of objects becomes a single object',
    [['): [Product!]!', '): Product!']],
    { '{ products { id } }': 'breaks FIELD_TYPE_CHANGED Query.products' },
  ],
  [
    'an output type changes from Int to Float',
    [['price: Int', 'price: Float']],
    { '{ product { price } }': 'breaks FIELD_TYPE_CHANGED Product.price' },
  ],
  [
    'an output type changes from ID to String',
    [['type Product {\n    id: ID!', 'type Product {\n    id: String!']],
    { '{ product { id } }': 'breaks FIELD_TYPE_CHANGED Product.id', '{ me { id } }': 'safe' },
  ],
  [
    'a custom scalar becomes a String',
    [['created: Date', 'created: String']],
    { '{ product { created } }': 'breaks FIELD_TYPE_CHANGED Product.created' },
  ],
  [
    'an enum becomes a String in output',
    [['status: Status\n', 'status: String\n']],
    { '{ product { status } }': 'breaks FIELD_TYPE_CHANGED Product.status' },
  ],
  [
    'an object type is replaced by one with the same fields',
    [
      ['owner: User', 'owner: Person'],
      ['type User {', 'type Person { id: ID! email: String } type User {'],
    ],
    {
      '{ product { owner { email } } }': 'breaks FIELD_TYPE_CHANGED Product.owner',
      '{ me { email } }': 'safe',
    },
  ],
  [
    'an object field becomes a scalar',
    [['owner: User', 'owner: ID']],
    { '{ product { owner { id } } }': 'breaks FIELD_TYPE_CHANGED Product.owner' },
  ],
  [
    'an interface is narrowed to one of its objects',
    [['media: Media', 'media: Book']],
    {
      '{ media { title } }': 'safe',
      '{ media { title ... on Book { pages } } }': 'safe',
      '{ media { ... on Movie { studio } } }': 'breaks FIELD_TYPE_CHANGED Query.media',
    },
  ],
  [
    'an object is widened to its interface',
    [['book: Book', 'book: Media']],
    { '{ book { title } }': 'breaks FIELD_TYPE_CHANGED Query.book' },
  ],
  [
    'an object type becomes an interface',
    [['type User {', 'type Customer implements User { id: ID! email: String } interface User {']],
    { '{ me { email } }': 'breaks TYPE_KIND_CHANGED User', '{ product { id } }': 'safe' },
  ],
  [
    'a field of an interface is removed and its objects keep it',
    [['interface Media { title: String! length: Int }', 'interface Media { title: String! }']],
    {
      '{ media { length } }': 'breaks FIELD_REMOVED Media.length',
      '{ media { ... on Book { length } } }': 'safe',
    },
  ],
  [
    'a field of an interface becomes nullable and its objects keep it',
    [['interface Media { title: String!', 'interface Media { title: String']],
    {
      '{ media { title } }': 'breaks FIELD_TYPE_CHANGED Media.title',
      '{ media { ... on Book { title } } }': 'safe',
    },
  ],
  [
    'one object of an interface narrows a field',
    [
      [
        'type Book implements Media { title: String! length: Int ',
        'type Book implements Media { title: String! length: Int! ',
      ],
    ],
    { '{ media { length } }': 'safe', '{ book { length } }': 'safe' },
  ],
  [
    'fields that an operation merges get different types',
    [['type Song { title: String! length: Int!', 'type Song { title: String! length: Int']],
    {
      '{ search(text: "a") { ... on Song { length } } }': 'breaks FIELD_TYPE_CHANGED Song.length',
    },
  ],
  [
    'a narrower type conflicts with another field of the same response name',
    [
      [
        'type Book implements Media { title: String! length: Int ',
        'type Book implements Media { title: String! length: Int! ',
      ],
    ],
    {
      '{ search(text: "a") { ... on Book { length } ... on Movie { length } } }':
        'breaks FIELDS_CONFLICT Book.length',
      '{ search(text: "a") { ... on Book { length } ... on Movie { minutes: length } } }': 'safe',
    },
  ],
  // Types and their members
  [
    'an enum value is added',
    [['NEW SHIPPED', 'NEW LOST SHIPPED']],
    {
      '{ product { status } }': 'changes ENUM_VALUE_ADDED Status.LOST',
      'mutation { open(status: NEW) }': 'safe',
      'query ($status: Status) { products(filter: { status: $status }) { id } }': 'safe',
      '{ product { id } }': 'safe',
    },
  ],
  [
    'an enum value is removed',
    [['SHIPPED CLOSED', 'SHIPPED']],
    {
      '{ product { status } }': 'changes ENUM_VALUE_REMOVED Status.CLOSED',
      'mutation { open(status: CLOSED) }': 'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      'mutation { open(status: NEW) }': 'safe',
      '{ products(filter: { status: CLOSED }) { id } }': 'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      'mutation ($status: Status!) { open(status: $status) }': 'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      'mutation ($status: Status! = CLOSED) { open(status: $status) }':
        'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      'query ($filter: Filter) { products(filter: $filter) { id } }':
        'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      '{ products { id } }': 'safe',
    },
  ],
  [
    'an enum value that an operation sends and receives is removed',
    [['SHIPPED CLOSED', 'SHIPPED']],
    {
      '{ products(filter: { status: CLOSED }) { status } }': 'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      '{ products(filter: { status: NEW }) { status } }': 'changes ENUM_VALUE_REMOVED Status.CLOSED',
    },
  ],
  [
    'a member is added to a union',
    [['| Song', '| Song | User']],
    {
      '{ search(text: "a") { ... on Book { title } } }': 'changes UNION_MEMBER_ADDED Result',
      '{ search(text: "a") { __typename } }': 'changes UNION_MEMBER_ADDED Result',
      '{ media { title } }': 'safe',
    },
  ],
  [
    'a member is removed from a union',
    [['| Song', '']],
    {
      '{ search(text: "a") { ... on Song { track } } }': 'breaks UNION_MEMBER_REMOVED Result',
      '{ search(text: "a") { ...Track } } fragment Track on Song { track }':
        'breaks UNION_MEMBER_REMOVED Result',
      '{ search(text: "a") { ... on Book { title } } }': 'safe',
    },
  ],
  [
    'an object begins to implement an interface',
    [['type Song {', 'type Song implements Media {']],
    {
      '{ media { title } }': 'changes OBJECT_TYPE_INTERFACE_ADDED Media',
      '{ search(text: "a") { ... on Media { title } } }': 'changes OBJECT_TYPE_INTERFACE_ADDED Media',
      '{ search(text: "a") { ... on Song { title } } }': 'safe',
    },
  ],
  [
    'a new object implements an interface',
    [['type Song {', 'type Game implements Media { title: String! length: Int } type Song {']],
    {
      '{ media { title } }': 'changes OBJECT_TYPE_INTERFACE_ADDED Media',
      '{ search(text: "a") { ... on Media { title } } }': 'safe',
    },
  ],
  [
    'an object no longer implements an interface',
    [['type Movie implements Media {', 'type Movie {']],
    {
      '{ media { title } }': 'safe',
      '{ media { ... on Movie { studio } } }': 'breaks OBJECT_TYPE_INTERFACE_REMOVED Media',
      '{ search(text: "a") { ... on Media { title } } }': 'breaks OBJECT_TYPE_INTERFACE_REMOVED Media',
      '{ search(text: "a") { ... on Movie { title } } }': 'safe',
    },
  ],
  [
    'a type is removed',
    [
      ['type Song { title: String! length: Int! track: Int }', ''],
      ['| Song', ''],
    ],
    {
      '{ search(text: "a") { ... on Song { track } } }': 'breaks TYPE_REMOVED Song',
      '{ search(text: "a") { ...Track } } fragment Track on Song { track }': 'breaks TYPE_REMOVED Song',
      '{ search(text: "a") { __typename } }': 'safe',
    },
  ],
  [
    'all mutations are removed',
    [['type Mutation { rate(input: RateInput!): ID open(status: Status!): ID }', '']],
    {
      'mutation { open(status: NEW) }': 'breaks TYPE_REMOVED Mutation',
      '{ me { id } }': 'safe',
    },
  ],
  // Arguments
  [
    'a required argument is added',
    [['product(id: ID)', 'product(id: ID, tenant: ID!)']],
    {
      '{ product { id } }': 'breaks FIELD_ARGUMENT_ADDED Query.product(tenant:)',
      '{ product(id: 1) { id } }': 'breaks FIELD_ARGUMENT_ADDED Query.product(tenant:)',
      '{ products { id } }': 'safe',
    },
  ],
  [
    'optional arguments are added',
    [['product(id: ID)', 'product(id: ID, tenant: ID, size: Int! = 3)']],
    { '{ product { id } }': 'safe' },
  ],
  [
    'an argument is removed',
    [['first: Int = 10, ', '']],
    {
      '{ products(first: 1) { id } }': 'breaks FIELD_ARGUMENT_REMOVED Query.products(first:)',
      'query ($n: Int) { products(first: $n) { id } }':
        'breaks FIELD_ARGUMENT_REMOVED Query.products(first:)',
      '{ products { id } }': 'safe',
    },
  ],
  [
    'an argument becomes non-null',
    [['product(id: ID)', 'product(id: ID!)']],
    {
      '{ product { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
      '{ product(id: null) { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
      '{ product(id: 1) { id } }': 'safe',
      'query ($id: ID) { product(id: $id) { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
      'query ($id: ID = 1) { product(id: $id) { id } }':
        'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
      'query ($id: ID!) { product(id: $id) { id } }': 'safe',
    },
  ],
  [
    'an argument with a default becomes non-null',
    [['first: Int = 10', 'first: Int! = 10']],
    {
      '{ products { id } }': 'safe',
      '{ products(first: null) { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.products(first:)',
      // The variable may be null, which is rejected now.
      'query ($n: Int) { products(first: $n) { id } }':
        'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.products(first:)',
      'query ($n: Int!) { products(first: $n) { id } }': 'safe',
    },
  ],
  [
    'an argument becomes nullable',
    [['search(text: String!)', 'search(text: String)']],
    {
      'query ($text: String!) { search(text: $text) { __typename } }': 'safe',
      '{ search(text: "a") { __typename } }': 'safe',
    },
  ],
  [
    'the default of an argument changes',
    [['first: Int = 10', 'first: Int = 20']],
    {
      '{ products { id } }': 'changes FIELD_ARGUMENT_DEFAULT_CHANGED Query.products(first:)',
      '{ products(first: 5) { id } }': 'safe',
      '{ products(first: null) { id } }': 'safe',
      'query ($n: Int) { products(first: $n) { id } }':
        'changes FIELD_ARGUMENT_DEFAULT_CHANGED Query.products(first:)',
      'query ($n: Int = 5) { products(first: $n) { id } }': 'safe',
      'query ($n: Int!) { products(first: $n) { id } }': 'safe',
    },
  ],
  [
    'the default of an argument is removed',
    [['first: Int = 10', 'first: Int']],
    {
      '{ products { id } }': 'changes FIELD_ARGUMENT_DEFAULT_CHANGED Query.products(first:)',
      '{ products(first: 5) { id } }': 'safe',
    },
  ],
  [
    'an argument gets a default',
    [['filter: Filter)', 'filter: Filter = { text: "a" })']],
    {
      '{ products { id } }': 'changes FIELD_ARGUMENT_DEFAULT_CHANGED Query.products(filter:)',
      '{ products(filter: {}) { id } }': 'safe',
    },
  ],
  [
    'the default of a non-null argument is removed',
    [['page(size: Int! = 20)', 'page(size: Int!)']],
    {
      '{ page }': 'breaks FIELD_ARGUMENT_DEFAULT_CHANGED Query.page(size:)',
      'query ($size: Int) { page(size: $size) }': 'breaks FIELD_ARGUMENT_DEFAULT_CHANGED Query.page(size:)',
      '{ page(size: 5) }': 'safe',
    },
  ],
  [
    'an argument changes from Int to Float',
    [['page(size: Int! = 20)', 'page(size: Float! = 20)']],
    {
      '{ page(size: 5) }': 'safe',
      '{ page }': 'safe',
      'query ($size: Int!) { page(size: $size) }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.page(size:)',
    },
  ],
  [
    'an argument changes from ID to Int',
    [['product(id: ID)', 'product(id: Int)']],
    {
      '{ product(id: "1") { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
      '{ product(id: 1) { id } }': 'safe',
      '{ product { id } }': 'safe',
      'query ($id: ID) { product(id: $id) { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
    },
  ],
  [
    'an argument becomes a list',
    [['product(id: ID)', 'product(id: [ID!])']],
    {
      '{ product(id: 1) { id } }': 'safe',
      'query ($id: ID) { product(id: $id) { id } }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.product(id:)',
    },
  ],
  [
    'an enum argument becomes a String',
    [['open(status: Status!)', 'open(status: String!)']],
    {
      'mutation { open(status: NEW) }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Mutation.open(status:)',
      'mutation ($status: Status!) { open(status: $status) }':
        'breaks FIELD_ARGUMENT_TYPE_CHANGED Mutation.open(status:)',
    },
  ],
  // Input types
  [
    'a field of an input type is removed',
    [['stars: Int! text: String', 'stars: Int!']],
    {
      'mutation { rate(input: { id: 1, stars: 2, text: "a" }) }': 'breaks INPUT_FIELD_REMOVED RateInput.text',
      'mutation ($t: String) { rate(input: { id: 1, stars: 2, text: $t }) }':
        'breaks INPUT_FIELD_REMOVED RateInput.text',
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'safe',
      'mutation ($input: RateInput!) { rate(input: $input) }': 'breaks INPUT_FIELD_REMOVED RateInput.text',
    },
  ],
  [
    'a required field is added to an input type',
    [['stars: Int! text: String', 'stars: Int! text: String by: ID!']],
    {
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'breaks INPUT_FIELD_ADDED RateInput.by',
      'mutation ($input: RateInput!) { rate(input: $input) }': 'breaks INPUT_FIELD_ADDED RateInput.by',
      'mutation { open(status: NEW) }': 'safe',
    },
  ],
  [
    'optional fields are added to an input type',
    [['stars: Int! text: String', 'stars: Int! text: String by: ID times: Int! = 1']],
    {
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'safe',
      'mutation ($input: RateInput!) { rate(input: $input) }': 'safe',
    },
  ],
  [
    'a field of an input type becomes non-null',
    [['stars: Int! text: String', 'stars: Int! text: String!']],
    {
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'breaks INPUT_FIELD_TYPE_CHANGED RateInput.text',
      'mutation { rate(input: { id: 1, stars: 2, text: null }) }':
        'breaks INPUT_FIELD_TYPE_CHANGED RateInput.text',
      'mutation { rate(input: { id: 1, stars: 2, text: "a" }) }': 'safe',
      'mutation ($t: String) { rate(input: { id: 1, stars: 2, text: $t }) }':
        'breaks INPUT_FIELD_TYPE_CHANGED RateInput.text',
      'mutation ($input: RateInput!) { rate(input: $input) }':
        'breaks INPUT_FIELD_TYPE_CHANGED RateInput.text',
    },
  ],
  [
    'a field of an input type becomes nullable',
    [['stars: Int!', 'stars: Int']],
    {
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'safe',
      'mutation ($input: RateInput!) { rate(input: $input) }': 'safe',
      'mutation ($stars: Int!) { rate(input: { id: 1, stars: $stars }) }': 'safe',
    },
  ],
  [
    'a field of an input type changes from Int to String',
    [['stars: Int!', 'stars: String!']],
    {
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'breaks INPUT_FIELD_TYPE_CHANGED RateInput.stars',
      'mutation ($input: RateInput!) { rate(input: $input) }':
        'breaks INPUT_FIELD_TYPE_CHANGED RateInput.stars',
    },
  ],
  [
    'a field of an input type changes from Int to Float',
    [['stars: Int!', 'stars: Float!']],
    {
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'safe',
      'mutation ($input: RateInput!) { rate(input: $input) }': 'safe',
      'mutation ($stars: Int!) { rate(input: { id: 1, stars: $stars }) }':
        'breaks INPUT_FIELD_TYPE_CHANGED RateInput.stars',
    },
  ],
  [
    'the default of a field of an input type changes',
    [['text: String = ""', 'text: String = "a"']],
    {
      '{ products(filter: {}) { id } }': 'changes INPUT_FIELD_DEFAULT_VALUE_CHANGED Filter.text',
      '{ products(filter: { text: "b" }) { id } }': 'safe',
      'query ($filter: Filter) { products(filter: $filter) { id } }':
        'changes INPUT_FIELD_DEFAULT_VALUE_CHANGED Filter.text',
      'query ($text: String) { products(filter: { text: $text }) { id } }':
        'changes INPUT_FIELD_DEFAULT_VALUE_CHANGED Filter.text',
      '{ products { id } }': 'safe',
    },
  ],
  [
    'a field of a nested input type becomes non-null',
    [['max: Int', 'max: Int!']],
    {
      'query ($filter: Filter) { products(filter: $filter) { id } }':
        'breaks INPUT_FIELD_TYPE_CHANGED Range.max',
      'query ($range: Range) { products(filter: { range: $range }) { id } }':
        'breaks INPUT_FIELD_TYPE_CHANGED Range.max',
      '{ products(filter: { range: { min: 1 } }) { id } }': 'breaks INPUT_FIELD_TYPE_CHANGED Range.max',
      '{ products(filter: { range: { max: 1 } }) { id } }': 'safe',
      '{ products(filter: {}) { id } }': 'safe',
    },
  ],
  [
    'an input type is renamed',
    [
      ['input: RateInput!', 'input: Rating!'],
      ['input RateInput {', 'input Rating {'],
    ],
    {
      'mutation ($input: RateInput!) { rate(input: $input) }': 'breaks TYPE_REMOVED RateInput',
      'mutation { rate(input: { id: 1, stars: 2 }) }': 'safe',
    },
  ],
  // Directives
  [
    'a directive for operations is removed',
    [['directive @live(every: Int = 1) on FIELD', '']],
    { '{ me @live { id } }': 'breaks DIRECTIVE_REMOVED @live', '{ me { id } }': 'safe' },
  ],
  [
    'an argument of a directive for operations is removed',
    [['directive @live(every: Int = 1) on FIELD', 'directive @live on FIELD']],
    {
      '{ me @live(every: 2) { id } }': 'breaks DIRECTIVE_ARGUMENT_REMOVED @live(every:)',
      '{ me @live { id } }': 'safe',
    },
  ],
  [
    'a directive for operations is no longer allowed on fields',
    [['= 1) on FIELD', '= 1) on QUERY']],
    { '{ me @live { id } }': 'breaks DIRECTIVE_LOCATION_REMOVED @live' },
  ],
  [
    'a field is deprecated',
    [['price: Int', 'price: Int @deprecated(reason: "old")']],
    { '{ product { price } }': 'safe' },
  ],
  ['a description changes', [['price: Int', '"in cents" price: Int']], { '{ product { price } }': 'safe' }],
  [
    'keys, costs and tags are added',
    [
      ['type Product {', 'type Product @key(fields: "id") @tag(name: "public") {'],
      ['price: Int', 'price: Int @cost(weight: 50) @shareable'],
    ],
    { '{ product { id price } }': 'safe', '{ products { price } }': 'safe' },
  ],
  [
    'a field becomes inaccessible',
    [['price: Int', 'price: Int @inaccessible']],
    { '{ product { price } }': 'breaks FIELD_REMOVED Product.price', '{ product { id } }': 'safe' },
  ],
  [
    'an enum value becomes inaccessible',
    [['SHIPPED CLOSED', 'SHIPPED CLOSED @inaccessible']],
    {
      'mutation { open(status: CLOSED) }': 'breaks ENUM_VALUE_REMOVED Status.CLOSED',
      'mutation { open(status: NEW) }': 'safe',
    },
  ],
  // Access
  [
    'a field requires a token',
    [['price: Int', 'price: Int @authenticated']],
    {
      '{ product { price } }': 'changes ACCESS_TIGHTENED Product.price',
      '{ product { id } }': 'safe',
      '{ search(text: "a") { ... on Product { price } } }': 'changes ACCESS_TIGHTENED Product.price',
    },
  ],
  [
    'a type requires a scope',
    [['type User {', 'type User @requiresScopes(scopes: [["users"]]) {']],
    {
      '{ me { email } }': 'changes ACCESS_TIGHTENED User',
      '{ product { owner { id } } }': 'changes ACCESS_TIGHTENED User',
      '{ product { id } }': 'safe',
    },
  ],
  [
    'a field of objects of an interface requires a policy',
    [
      [
        'type Book implements Media { title: String! length',
        'type Book implements Media { title: String! @policy(policies: [["p"]]) length',
      ],
    ],
    {
      '{ media { title } }': 'changes ACCESS_TIGHTENED Book.title',
      '{ media { ... on Movie { title } } }': 'safe',
      '{ media { length } }': 'safe',
    },
  ],
  [
    'a scalar requires a token',
    [['scalar Date', 'scalar Date @authenticated']],
    { '{ product { created } }': 'changes ACCESS_TIGHTENED Date', '{ product { sku } }': 'safe' },
  ],
  [
    'fewer scopes give access',
    [['scopes: [["a"], ["b"]]', 'scopes: [["a"]]']],
    {
      '{ secret { note } }': 'changes ACCESS_TIGHTENED Secret.note',
      '{ secret { text } }': 'safe',
    },
  ],
  [
    'more scopes give access',
    [['scopes: [["a"], ["b"]]', 'scopes: [["a"], ["b"], ["c"]]']],
    { '{ secret { note } }': 'changes ACCESS_LOOSENED Secret.note', '{ secret { text } }': 'safe' },
  ],
  [
    'a requirement is removed',
    [['secret: Secret @authenticated', 'secret: Secret']],
    { '{ secret { text } }': 'changes ACCESS_LOOSENED Query.secret', '{ me { id } }': 'safe' },
  ],
  [
    'a field requires a token below one that requires it already',
    [['text: String note', 'text: String @authenticated note']],
    { '{ secret { text } }': 'safe' },
  ],
  [
    'a requirement moves from a field to its type',
    [
      ['secret: Secret @authenticated', 'secret: Secret'],
      ['type Secret {', 'type Secret @authenticated {'],
    ],
    { '{ secret { text } }': 'safe' },
  ],
];

describe('the verdict of an operation', () => {
  test.each(CASES)('%s', (_name, edits, results) => {
    const after = viewOfSchema(edited(edits));
    expect(verdictsOf(Object.keys(results), BEFORE, after)).toEqual(results);
  });
});

/** Both subgraphs have this schema. Each case changes the second one only. */
const SHARED = `
  type Query { part(filter: Filter, size: Int): Part @shareable }
  type Part @key(fields: "id") { id: ID! name: String! @shareable state: State @shareable }
  input Filter { text: String code: String }
  enum State { NEW USED }
`;

const FEDERATED: readonly Case[] = [
  [
    'one of two subgraphs no longer resolves a field',
    [[' name: String! @shareable', '']],
    { '{ part { name } }': 'safe' },
  ],
  [
    'one of two subgraphs makes a field nullable',
    [['name: String!', 'name: String']],
    { '{ part { name } }': 'breaks FIELD_TYPE_CHANGED Part.name', '{ part { id } }': 'safe' },
  ],
  [
    'one of two subgraphs hides a field',
    [['name: String!', 'name: String! @inaccessible']],
    { '{ part { name } }': 'breaks FIELD_REMOVED Part.name' },
  ],
  [
    'one of two subgraphs removes an optional argument',
    [[', size: Int', '']],
    {
      '{ part(size: 1) { id } }': 'breaks FIELD_ARGUMENT_REMOVED Query.part(size:)',
      '{ part { id } }': 'safe',
    },
  ],
  [
    'one of two subgraphs removes a field of an input type',
    [[' code: String', '']],
    {
      '{ part(filter: { code: "a" }) { id } }': 'breaks INPUT_FIELD_REMOVED Filter.code',
      '{ part(filter: { text: "a" }) { id } }': 'safe',
      'query ($filter: Filter) { part(filter: $filter) { id } }': 'breaks INPUT_FIELD_REMOVED Filter.code',
    },
  ],
  [
    'one of two subgraphs adds a field to an input type',
    [[' code: String', ' code: String size: Int']],
    { 'query ($filter: Filter) { part(filter: $filter) { id } }': 'safe' },
  ],
  [
    'one of two subgraphs adds a value to an enum that is only received',
    [['NEW USED', 'NEW USED OLD']],
    { '{ part { state } }': 'changes ENUM_VALUE_ADDED State.OLD', '{ part { id } }': 'safe' },
  ],
  [
    'one of two subgraphs takes a field from the other',
    [['state: State @shareable', 'state: State @override(from: "one") @shareable']],
    { '{ part { state } }': 'safe' },
  ],
  [
    'one of two subgraphs requires a token',
    [['name: String!', 'name: String! @authenticated']],
    { '{ part { name } }': 'changes ACCESS_TIGHTENED Part.name', '{ part { id } }': 'safe' },
  ],
];

describe('the verdict of an operation of two subgraphs', () => {
  const composed = (second: string) => viewOf(readVersion(supergraphOf({ one: SHARED, two: second })));
  const before = composed(SHARED);

  test.each(FEDERATED)('%s', (_name, edits, results) => {
    expect(verdictsOf(Object.keys(results), before, composed(edited(edits, SHARED)))).toEqual(results);
  });
});

/** Input types that are replaced by others, or by types of another kind. */
const INPUTS = `
  directive @trace(of: String) repeatable on FIELD
  type Query { log(at: Date, dates: [Date!], entry: Entry, word: Word, span: Span): Int }
  scalar Date
  enum Word { ON OFF }
  enum Level { ON HIGH }
  input Entry { at: Date span: Span word: Word }
  input Span { from: Int! to: Int }
  input Area { width: Int! }
  input Wide { from: Int! to: Int step: Int }
`;

const REPLACED: readonly Case[] = [
  [
    'a scalar becomes an enum',
    [['scalar Date', 'enum Date { TODAY }']],
    {
      '{ log(at: "x") }': 'breaks TYPE_KIND_CHANGED Date',
      '{ log(dates: ["x"]) }': 'breaks TYPE_KIND_CHANGED Date',
      '{ log(entry: { at: "x" }) }': 'breaks TYPE_KIND_CHANGED Date',
      'query ($entry: Entry) { log(entry: $entry) }': 'breaks TYPE_KIND_CHANGED Date',
      'query ($at: Date) { log(at: $at) }': 'breaks TYPE_KIND_CHANGED Date',
      '{ log(at: TODAY) }': 'safe',
      '{ log }': 'safe',
    },
  ],
  [
    'a scalar becomes an input type',
    [['scalar Date', 'input Date { day: Int! }']],
    {
      '{ log(at: { day: 1 }) }': 'safe',
      'query ($day: Int!) { log(at: { day: $day }) }': 'safe',
      'query ($day: Int) { log(at: { day: $day }) }': 'breaks OPERATION_INVALID Query.log',
      '{ log(at: { month: 1 }) }': 'breaks TYPE_KIND_CHANGED Date',
    },
  ],
  [
    'an input type is replaced by another one with other fields',
    [
      ['span: Span)', 'span: Area)'],
      ['span: Span word', 'span: Area word'],
    ],
    {
      '{ log(span: { from: 1 }) }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.log(span:)',
      '{ log(entry: { span: { from: 1 } }) }': 'breaks INPUT_FIELD_TYPE_CHANGED Entry.span',
      'query ($entry: Entry) { log(entry: $entry) }': 'breaks INPUT_FIELD_TYPE_CHANGED Entry.span',
      '{ log(entry: {}) }': 'safe',
    },
  ],
  [
    'an input type is replaced by another one with more fields',
    [
      ['span: Span)', 'span: Wide)'],
      ['span: Span word', 'span: Wide word'],
    ],
    {
      '{ log(span: { from: 1 }) }': 'safe',
      'query ($entry: Entry) { log(entry: $entry) }': 'safe',
      'query ($span: Span) { log(span: $span) }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.log(span:)',
    },
  ],
  [
    'an enum is replaced by another one with other values',
    [
      ['word: Word,', 'word: Level,'],
      ['word: Word }', 'word: Level }'],
    ],
    {
      '{ log(word: ON) }': 'safe',
      '{ log(word: OFF) }': 'breaks FIELD_ARGUMENT_TYPE_CHANGED Query.log(word:)',
      'query ($entry: Entry) { log(entry: $entry) }': 'breaks INPUT_FIELD_TYPE_CHANGED Entry.word',
    },
  ],
  [
    'a directive is no longer repeatable',
    [[' repeatable', '']],
    {
      '{ log @trace(of: "a") @trace(of: "b") }': 'breaks DIRECTIVE_REPEATABLE_REMOVED @trace',
      '{ log @trace(of: "a") }': 'safe',
    },
  ],
];

describe('the verdict of an operation with inputs of replaced types', () => {
  const before = viewOfSchema(INPUTS);

  test.each(REPLACED)('%s', (_name, edits, results) => {
    expect(verdictsOf(Object.keys(results), before, viewOfSchema(edited(edits, INPUTS)))).toEqual(results);
  });

  test('names the kinds of a type that rejects a literal', () => {
    const after = viewOfSchema(edited([['scalar Date', 'enum Date { TODAY }']], INPUTS));
    expect(evaluateOperation({ body: '{ log(at: "x") }' }, before, after).reasons).toEqual([
      expect.objectContaining({ message: 'Date was a scalar and is an enum, which rejects "x"' }),
    ]);
  });
});

describe('an operation', () => {
  const renamed = viewOfSchema(edited([[' name: String!', ' title: String!']]));
  const nullable = viewOfSchema(edited([[' name: String!', ' name: String']]));

  test.each([
    ['a syntax error', '{ product { name }'],
    ['an unknown field', '{ product { name other } }'],
    ['an unused variable', 'query ($id: ID) { product { name } }'],
    ['a mutation that the schema does not have', '{ product { name } } mutation { none }'],
  ])('that has %s before the change is not broken by it', (_name, body) => {
    const { verdict, reasons } = evaluateOperation({ body }, BEFORE, renamed);
    expect([verdict, reasons.map(({ code }) => code)]).toEqual(['safe', ['ALREADY_INVALID']]);
  });

  test('breaks if any definition of its document becomes invalid', () => {
    const body = 'query A { product { id } } query B { product { name } }';
    expect(evaluateOperation({ name: 'A', body }, BEFORE, renamed).verdict).toBe('breaks');
  });

  test('is not concerned by types in other definitions of its document', () => {
    const body = 'query A { product { id } } query B { product { name } }';
    const verdictOf = (name?: string) =>
      evaluateOperation({ body, ...(name !== undefined && { name }) }, BEFORE, nullable).verdict;
    expect([verdictOf('A'), verdictOf('B'), verdictOf()]).toEqual(['safe', 'breaks', 'breaks']);
  });

  test('has reasons with the position in its document, and what was and is', () => {
    const body = 'query Names {\n  product {\n    name\n    price\n  }\n}';
    expect(evaluateOperation({ body }, BEFORE, nullable).reasons).toEqual([
      {
        verdict: 'breaks',
        coordinate: 'Product.name',
        code: 'FIELD_TYPE_CHANGED',
        message: 'the type of Product.name changed from String! to String, which is no subtype',
        line: 3,
        column: 5,
      },
    ]);
    expect(evaluateOperation({ body }, BEFORE, renamed).reasons).toEqual([
      expect.objectContaining({ message: 'Product.name was removed', line: 3, column: 5 }),
    ]);
  });

  test('has one reason for each element, at its first use', () => {
    const body = '{ a: product { name } b: product { name } }';
    expect(evaluateOperation({ body }, BEFORE, renamed).reasons).toHaveLength(1);
  });
});
