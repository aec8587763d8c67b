import { hash } from 'node:crypto';
import { print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { normalizeDocument, withOneOperation } from './normalize-document.ts';
import type { NormalizationParts } from './normalize-document.ts';
import { usedCoordinates } from './used-coordinates.ts';
import type { UsedCoordinates } from './used-coordinates.ts';

/**
 * Recorded properties of an operation, apart from request counts. It contains neither variables nor literals.
 */
export type OperationDescription = UsedCoordinates & {
  /** SHA-256 of the normalized document (`body`) in hexadecimal digits. */
  readonly signature: string;
  readonly name: string | undefined;
  readonly type: string;
  /** Document in normalized form (without literals, sorted), which can still be validated and planned. */
  readonly body: string;
};

/** The parts of a prepared operation from which its description is derived. */
export type DescribedOperation = {
  readonly document: DocumentNode;
  readonly name: string | undefined;
  readonly type: string;
};

/** Returns the recorded description of an operation, which must be valid for the schema. */
export function describeOperation(
  { document, name, type }: DescribedOperation,
  parts: NormalizationParts,
): OperationDescription {
  const own = withOneOperation(document, name);
  const body = print(normalizeDocument(own, parts));
  return { signature: hash('sha256', body), name, type, body, ...usedCoordinates(own, parts.schema) };
}

/** Returns the estimated memory in bytes that a description uses. */
export function descriptionBytes(description: OperationDescription): number {
  const { fields, arguments: args, inputFields, enumValues, body } = description;
  return (
    body.length +
    BYTES_PER_COORDINATE * (fields.length + args.length + inputFields.length + enumValues.length)
  );
}

const BYTES_PER_COORDINATE = 64;
