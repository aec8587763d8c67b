import type { CheckReport, Finding, LintFinding, OperationResult } from '../../checks/report.ts';
import type { Annotation } from '../annotation.ts';
import { coordinatePosition } from './coordinate-position.ts';
import { nameOf, usersOf } from './render-operations.ts';

/** The schema file that annotations point to. */
export type AnnotatedSchema = {
  /** Path as in the repository. */
  readonly file: string | undefined;
  readonly sdl: string | undefined;
};

/** The schema of the checked subgraph, or those of all subgraphs. */
type Schemas = AnnotatedSchema | readonly AnnotatedSchema[];

/** Returns what a report says about the lines of a schema file. */
export function reportAnnotations(report: CheckReport, schema: Schemas): readonly Annotation[] {
  return [
    ...report.composition.errors.map((finding) => findingAnnotation('error', finding, schema)),
    ...report.composition.hints.map((finding) => findingAnnotation('notice', finding, schema)),
    ...report.operations
      .filter(({ verdict }) => verdict === 'breaks')
      .map((operation) => operationAnnotation(operation, schema)),
    ...report.access
      .filter(({ effect, operations }) => effect === 'tightened' && operations.length > 0)
      .map(({ coordinate, message }) => ({
        level: 'error' as const,
        title: `Access to ${coordinate}`,
        message,
        ...positionOf(coordinate, schema),
      })),
    ...lintAnnotations(report.lint, schema),
  ];
}

/** Returns the new findings of lint as annotations. */
function lintAnnotations(findings: readonly LintFinding[], schema: Schemas): readonly Annotation[] {
  return findings
    .filter(({ isNew }) => isNew)
    .map((finding) => findingAnnotation(finding.severity, finding, schema));
}

function findingAnnotation(
  level: Annotation['level'],
  { code, message, coordinate, file, line, column }: Finding,
  schema: Schemas,
): Annotation {
  const place =
    line === undefined ? positionOf(coordinate, schema) : { file: file ?? onlyFile(schema), line, column };
  return { level, title: code, message, ...place };
}

function onlyFile(schemas: Schemas): string | undefined {
  const [first, ...others] = [schemas].flat();
  return others.length === 0 ? first?.file : undefined;
}

function operationAnnotation(operation: OperationResult, schema: Schemas): Annotation {
  const [reason] = operation.reasons;
  const messages = operation.reasons.map(({ message }) => message);
  return {
    level: 'error',
    title: `Breaks ${nameOf(operation)}`,
    message: [`${nameOf(operation)}${usersOf(operation)}`, ...messages].join('\n'),
    ...positionOf(reason?.coordinate ?? undefined, schema),
  };
}

/** Returns the place of a coordinate in the schema that defines it, or the beginning of the first schema. */
function positionOf(coordinate: string | undefined, schemas: Schemas) {
  const known = [schemas].flat().filter(({ file }) => file !== undefined);
  const places = known.flatMap(({ file, sdl }) => {
    const position = sdl === undefined ? undefined : coordinatePosition(sdl, coordinate);
    return position === undefined ? [] : [{ file, ...position }];
  });
  const [first] = known;
  return places[0] ?? (first === undefined ? {} : { file: first.file, line: 1 });
}
