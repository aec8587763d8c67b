import { parse, validate } from 'graphql';
import type { DocumentNode, GraphQLError } from 'graphql';
import { messageOf } from '../router/shared/error-message.ts';
import type { GraphVersion } from './composition.ts';
import type { RecordedOperation } from './recorded-operation.ts';
import type { Reason, Verdict } from './report.ts';

/** Effect of a change on one operation. It can be sent between threads. */
export type Evaluation = { readonly verdict: Verdict; readonly reasons: readonly Reason[] };

/** Returns what a change of the schema does to an operation. */
export function evaluateOperation(
  { body }: RecordedOperation,
  before: GraphVersion,
  after: GraphVersion,
): Evaluation {
  const document = readDocument(body);
  if (!('kind' in document)) return alreadyInvalid(document.message);
  const [earlier] = validate(before.graph.schema, document);
  if (earlier !== undefined) return alreadyInvalid(earlier.message);
  const errors = validate(after.graph.schema, document);
  return errors.length === 0
    ? { verdict: 'safe', reasons: [] }
    : { verdict: 'breaks', reasons: errors.map(invalidReason) };
}

function readDocument(body: string): DocumentNode | { readonly message: string } {
  try {
    return parse(body);
  } catch (error) {
    return { message: messageOf(error) };
  }
}

function alreadyInvalid(message: string): Evaluation {
  return {
    verdict: 'safe',
    reasons: [
      {
        coordinate: null,
        code: 'ALREADY_INVALID',
        message: `the operation is invalid before the change, too: ${message}`,
      },
    ],
  };
}

function invalidReason({ message, locations = [] }: GraphQLError): Reason {
  const [at] = locations;
  return {
    coordinate: null,
    code: 'OPERATION_INVALID',
    message,
    ...(at !== undefined && { line: at.line, column: at.column }),
  };
}
