import { Kind, parse, validate } from 'graphql';
import type { DocumentNode } from 'graphql';
import { messageOf } from '../../router/shared/error-message.ts';
import type { RecordedOperation } from '../recorded-operation.ts';
import type { Reason, Verdict } from '../report.ts';
import { compareAccess } from './compare-access.ts';
import { compareSelections } from './compare-selections.ts';
import { compareVariableTypes } from './compare-variable-types.ts';
import { comparisonOf } from './comparison.ts';
import type { Comparison, Views } from './comparison.ts';
import { ReasonList } from './reason-list.ts';
import { addRemainingErrors } from './remaining-errors.ts';
import type { SchemaView } from './schema-view.ts';

/** Effect of a change on one operation. It can be sent between threads. */
export type Evaluation = {
  readonly verdict: Verdict;
  readonly reasons: readonly Reason[];
  /** Coordinates of the elements of the earlier schema that the operation uses. */
  readonly uses: readonly string[];
  /** False if the operation is invalid before the change, too. */
  readonly isValidBefore: boolean;
};

/** Returns the effect of a change of the schema on an operation. */
export function evaluateOperation(
  { body, name }: Pick<RecordedOperation, 'body' | 'name'>,
  before: SchemaView,
  after: SchemaView,
): Evaluation {
  const document = readDocument(body);
  if (!('kind' in document)) return alreadyInvalid(document.message);
  const [earlier] = validate(before.schema, document);
  if (earlier !== undefined) return alreadyInvalid(earlier.message);
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const named = operations.filter((operation) => operation.name?.value === name);
  const executed = named.length > 0 ? named : operations;
  const withoutRoot = executed.find(({ operation }) => !before.schema.getRootType(operation));
  if (withoutRoot) return alreadyInvalid(`the graph has no ${withoutRoot.operation}s`);

  const views = { before, after };
  const compared = operations.map((operation) => ({
    isExecuted: executed.includes(operation),
    comparison: compareOperation(document, operation, views),
  }));
  return evaluationOf(document, compared, views);
}

/** Whether a schema accepts a document. */
export function isValidIn({ schema }: SchemaView, body: string): boolean {
  const document = readDocument(body);
  return 'kind' in document && validate(schema, document).length === 0;
}

function compareOperation(
  document: DocumentNode,
  operation: Parameters<typeof comparisonOf>[1],
  views: Views,
): Comparison {
  const comparison = comparisonOf(document, operation, views);
  compareVariableTypes(comparison);
  compareSelections(operation, comparison);
  compareAccess(document, operation, comparison);
  return comparison;
}

type Compared = { readonly isExecuted: boolean; readonly comparison: Comparison };

function evaluationOf(document: DocumentNode, compared: readonly Compared[], views: Views): Evaluation {
  const executed = compared.filter(({ isExecuted }) => isExecuted).map(({ comparison }) => comparison);
  const others = compared.filter(({ isExecuted }) => !isExecuted).map(({ comparison }) => comparison.reasons);
  const reasons = new ReasonList();
  for (const comparison of executed) reasons.addAll(comparison.reasons);
  addRemainingErrors(document, views, { reasons, others });
  return {
    verdict: reasons.verdict(),
    reasons: reasons.reasons(),
    uses: [...new Set(executed.flatMap(({ uses }) => [...uses]))],
    isValidBefore: true,
  };
}

function readDocument(body: string): DocumentNode | { readonly message: string } {
  try {
    return parse(body);
  } catch (error) {
    return { message: messageOf(error) };
  }
}

function alreadyInvalid(error: string): Evaluation {
  const message = `the operation is invalid before the change, too: ${error}`;
  const reason: Reason = { verdict: 'safe', coordinate: null, code: 'ALREADY_INVALID', message };
  return { verdict: 'safe', reasons: [reason], uses: [], isValidBefore: false };
}
