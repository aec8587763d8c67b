import { buildASTSchema, parse, validate, validateSchema } from 'graphql';
import type { DocumentNode, GraphQLSchema } from 'graphql';
import { expect, test } from 'vitest';
import { evaluateOperation } from '../../checks/operations/evaluate-operation.ts';
import type { Evaluation } from '../../checks/operations/evaluate-operation.ts';
import { viewOf } from '../../checks/operations/schema-view.ts';
import type { SchemaView } from '../../checks/operations/schema-view.ts';
import { caseCount } from '../support/runs/case-count.ts';
import { changeSchema } from './change-schema.ts';
import { randomOf } from './random.ts';
import type { Random } from './random.ts';
import { randomOperation } from './random-operation.ts';
import type { RandomOperation } from './random-operation.ts';
import { differencesFrom, randomResponse } from './response-conformance.ts';

const SEED = process.env['DIFFERENTIAL_SEED'] ?? 'tributary';
const CHANGES = Number(process.env['DIFFERENTIAL_GRAPHS'] ?? caseCount(150, 5_000));
const OPERATIONS = 6;
const RESPONSES = 4;

const DOCUMENT = parse(`
  type Query {
    product(id: ID, size: Int! = 2): Product
    products(first: Int = 10, sort: Sort = NAME, filter: Filter): [Product!]!
    media(kinds: [Sort!] = [NAME]): Media
    all: [Media!]
    search(text: String!, range: Range = { min: 1 }): [Result!]!
  }
  type Mutation { rate(input: Rating!): Product open(status: Status!, times: [Int]): Status }
  type Product implements Named { id: ID! title: String price: Int tags: [String!]! status: Status owner: User related(first: Int): [Product] }
  type User implements Named { id: ID! title: String! email: String status: Status! }
  interface Named { title: String }
  interface Media { title: String! length(unit: Sort): Int next: Media }
  type Book implements Media { title: String! length(unit: Sort): Int next: Media pages: Int! }
  type Movie implements Media & Named { title: String! length(unit: Sort): Int! next: Movie studio: String }
  union Result = Product | Book | Movie
  enum Status { NEW SHIPPED CLOSED }
  enum Sort { NAME PRICE }
  input Filter { status: Status text: String = "" range: Range all: [Filter!] }
  input Range { min: Int max: Int! = 9 }
  input Rating { id: ID! stars: Float! text: String sort: Sort = NAME range: Range }
`);

/**
 * Random changes of a schema, with random operations and responses: an operation that is safe stays valid,
 * accepts the values that it accepted, and gets responses that fit the types of its client.
 */
test(`verdicts agree with responses of both schemas, seed ${SEED}`, () => {
  const before = viewOfSchema(buildASTSchema(DOCUMENT));
  const verdicts = { breaks: 0, changes: 0, safe: 0 };
  const wrong: unknown[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    const random = randomOf(`verdicts ${SEED} ${index}`);
    const after = changedView(random);
    if (after === undefined) continue;
    for (let count = 0; count < OPERATIONS; count += 1) {
      const operation = randomOperation(before.schema, random);
      const evaluation = evaluateOperation(operation, before, after);
      if (!evaluation.isValidBefore) continue;
      verdicts[evaluation.verdict] += 1;
      const found = observe(operation, { before, after, random });
      if (!agrees(evaluation, found)) wrong.push({ index, ...operation, evaluation, found });
    }
  }
  expect(wrong.slice(0, 3)).toEqual([]);
  // Each verdict must have been compared.
  expect(Math.min(...Object.values(verdicts))).toBeGreaterThan(0);
}, 600_000);

function changedView(random: Random): SchemaView | undefined {
  const changes = 1 + random.int(2);
  let document: DocumentNode = DOCUMENT;
  for (let count = 0; count < changes; count += 1) document = changeSchema(document, random);
  try {
    const schema = buildASTSchema(document);
    return validateSchema(schema).length > 0 ? undefined : viewOfSchema(schema);
  } catch {
    // The change has no valid schema.
    return undefined;
  }
}

function viewOfSchema(schema: GraphQLSchema): SchemaView {
  return viewOf({ graph: { schema }, requirements: new Map() });
}

type Observed = 'breaks' | 'changes' | 'safe';

/** Whether a verdict is as bad as what was observed. Fields without a structured reason are wrong, too. */
function agrees({ verdict, reasons }: Evaluation, observed: { readonly worst: Observed }): boolean {
  const order = ['safe', 'changes', 'breaks'];
  if (reasons.some(({ code }) => code === 'OPERATION_INVALID')) return false;
  return order.indexOf(verdict) >= order.indexOf(observed.worst);
}

function observe(
  { body, variables }: RandomOperation,
  {
    before,
    after,
    random,
  }: { readonly before: SchemaView; readonly after: SchemaView; readonly random: Random },
): { readonly worst: Observed; readonly evidence: unknown } {
  const document = parse(body);
  const [invalid] = validate(after.schema, document);
  if (invalid !== undefined) return { worst: 'breaks', evidence: invalid.message };
  let worst: Observed = 'safe';
  let evidence: unknown;
  for (const values of variables) {
    for (let count = 0; count < RESPONSES; count += 1) {
      const earlier = randomResponse(before.schema, document, { variables: values, random });
      if (earlier.errors > 0) continue;
      const later = randomResponse(after.schema, document, { variables: values, random });
      if (later.errors > 0) return { worst: 'breaks', evidence: values };
      for (const difference of differencesFrom(before.schema, document, later.data)) {
        if (difference.kind === 'breaks') return { worst: 'breaks', evidence: difference };
        worst = 'changes';
        evidence = difference;
      }
    }
  }
  return { worst, evidence };
}
