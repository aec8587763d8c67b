import type { CheckReport, Finding, LintFinding, OperationResult } from '../../checks/report.ts';
import type { Annotation } from '../annotation.ts';
import { isUsedAndTightened, unlistedText } from '../../checks/failure-causes.ts';
import { coordinatePosition } from '../../checks/coordinate-position.ts';
import { nameOf, usersOf } from './render-operations.ts';
import { counted, listed } from './report-words.ts';

/** The schema file that annotations point to. */
export type AnnotatedSchema = {
  /** Path as in the repository. */
  readonly file: string | undefined;
  readonly sdl: string | undefined;
  /** Name of the subgraph, so that findings of others do not point to its file. */
  readonly subgraph?: string | undefined;
  /** Whether the schema defined a coordinate before the change; undefined if there is one schema only. */
  readonly defined?: (coordinate: string) => boolean;
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
    ...report.changes.flatMap(({ code, coordinate, message, usedBy: { unlistedCalls } }) => {
      if (unlistedCalls === undefined) return [];
      const lines = [message, ...unlistedLine(unlistedCalls)];
      const place = positionOf(coordinate ?? undefined, schema);
      return [{ level: 'error' as const, title: code, message: lines.join('\n'), ...place }];
    }),
    ...report.access
      .filter(isUsedAndTightened)
      .map(({ coordinate, message, operations: ids, unlistedCalls }) => ({
        level: 'error' as const,
        title: `Access to ${coordinate}`,
        message: [
          message,
          ...(ids.length > 0 ? [`Selected by ${operationNames(report, ids)}`] : []),
          ...unlistedLine(unlistedCalls),
        ].join('\n'),
        ...positionOf(coordinate, schema),
      })),
    ...lintAnnotations(report.lint, schema),
  ];
}

function unlistedLine(calls: number | undefined): readonly string[] {
  return calls === undefined ? [] : [unlistedText(calls).replace(/^u/, 'U')];
}

/** Returns the number of operations and the names of the first of them. */
function operationNames({ operations }: CheckReport, ids: readonly string[]): string {
  const named = ids.map((id) => operations.find((operation) => operation.id === id));
  const names = named.map((operation, index) =>
    operation === undefined ? (ids[index] ?? '') : nameOf(operation),
  );
  return `${counted(ids.length, 'operation')}: ${listed(names)}`;
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

/**
 * Returns the place of a coordinate in a schema that defines it, else of its type in the schema that defined
 * it before the change, or the beginning of the first schema.
 */
function positionOf(coordinate: string | undefined, schemas: Schemas) {
  const known = [schemas].flat().filter(({ file }) => file !== undefined);
  const places = known.flatMap(({ file, sdl, defined }) => {
    const position = sdl === undefined ? undefined : coordinatePosition(sdl, coordinate);
    if (position === undefined) return [];
    const { isExact, ...start } = position;
    const rank = isExact ? 2 : coordinate !== undefined && defined?.(coordinate) === true ? 1 : 0;
    return [{ place: { file, ...start }, rank }];
  });
  const [first] = known;
  const [best] = places.toSorted((a, b) => b.rank - a.rank);
  return best?.place ?? (first === undefined ? {} : { file: first.file, line: 1 });
}
