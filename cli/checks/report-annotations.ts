import type { CheckReport, Finding, LintFinding, OperationResult } from '../../checks/report.ts';
import type { Annotation } from '../annotation.ts';
import { coordinatePosition } from '../../checks/coordinate-position.ts';
import { nameOf, usersOf } from './render-operations.ts';

/** The schema file that annotations point to. */
export type AnnotatedSchema = {
  /** Path as in the repository. */
  readonly file: string | undefined;
  readonly sdl: string | undefined;
  /** Name of the subgraph, so that findings of others do not point to its file. */
  readonly subgraph?: string | undefined;
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

function findingAnnotation(level: Annotation['level'], finding: Finding, schema: Schemas): Annotation {
  const { code, message, subgraph, coordinate, line, column } = finding;
  const place =
    line === undefined
      ? positionOf(coordinate, schema)
      : { file: fileOf(finding) ?? onlyFile(schema, subgraph), line, column };
  return { level, title: code, message, ...place };
}

/** Returns the file of the only schema, unless a finding is about another subgraph. */
function onlyFile(schemas: Schemas, subgraph: string | undefined): string | undefined {
  const [first, ...others] = [schemas].flat();
  return others.length === 0 && isAbout(first?.subgraph, subgraph) ? first?.file : undefined;
}

/** Returns the file of a finding. The registry has no files, and names the subgraph instead. */
export function fileOf({ file, subgraph }: Finding): string | undefined {
  return file === subgraph ? undefined : file;
}

/** Whether a finding is about the checked subgraph; both names may be unknown. */
export function isAbout(checked: string | undefined, subgraph: string | undefined): boolean {
  return checked === undefined || subgraph === undefined || checked === subgraph;
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
