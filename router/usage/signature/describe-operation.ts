import { hash } from 'node:crypto';
import { print } from 'graphql';
import type { DocumentNode } from 'graphql';
import { normalizeDocument, withOneOperation } from './normalize-document.ts';
import type { NormalizationParts } from './normalize-document.ts';
import { usedCoordinates } from './used-coordinates.ts';
import type { UsedCoordinates } from './used-coordinates.ts';

/** The recorded properties of an operation, besides its counts. They contain no variables and no literals. */
export type OperationDescription = UsedCoordinates & {
  /** SHA-256 of `body` in hexadecimal digits. */
  readonly signature: string;
  readonly name: string | undefined;
  readonly type: string;
  /** Normalized document, which can be validated and planned. */
  readonly body: string;
};

/** A prepared operation, as far as its description depends on it. */
export type DescribedOperation = {
  readonly document: DocumentNode;
  readonly name: string | undefined;
  readonly type: string;
};

/** Describes an operation that is valid for the schema. */
export function describeOperation(
  { document, name, type }: DescribedOperation,
  parts: NormalizationParts,
): OperationDescription {
  const own = withOneOperation(document, name);
  const body = print(normalizeDocument(own, parts));
  return { signature: hash('sha256', body), name, type, body, ...usedCoordinates(own, parts.schema) };
}

/** Estimated memory of a description in bytes. */
export function descriptionBytes(description: OperationDescription): number {
  const { fields, arguments: args, inputFields, enumValues, body } = description;
  return (
    body.length +
    BYTES_PER_COORDINATE * (fields.length + args.length + inputFields.length + enumValues.length)
  );
}

const BYTES_PER_COORDINATE = 64;
