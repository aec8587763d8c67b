import { parse, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import type { GraphVersion, ProposedGraph, SubgraphSchema } from '../composition.ts';
import type { LintFinding } from '../report.ts';
import { lintBorders } from './lint-borders.ts';
import { lintDocument } from './lint-document.ts';
import { DEFAULT_LINT, levelOf } from './lint-rules.ts';
import type { LintSettings, RuleFinding } from './lint-rules.ts';

/**
 * Lints the schema of one subgraph. Rules that compare subgraphs need a supergraph: see `lintProposed`.
 * @throws {GraphQLError} if the SDL cannot be parsed
 */
export function lintSubgraph(sdl: string, settings: LintSettings = DEFAULT_LINT): readonly LintFinding[] {
  return applied(lintDocument(parse(sdl)), settings).map((finding) => ({ ...finding, isNew: true }));
}

type Versions = {
  /** The graph before the change; undefined if there is none. */
  readonly before: Pick<GraphVersion, 'document'> | undefined;
  readonly after: Pick<GraphVersion, 'document'>;
};

/**
 * Lints a graph after a change and marks the findings that the change introduces. These are first. If only
 * the supergraph is proposed, findings have no lines.
 */
export function lintProposed(
  proposed: ProposedGraph,
  { before, after }: Versions,
  settings: LintSettings,
): readonly LintFinding[] {
  const subgraphs = 'subgraphs' in proposed ? proposed.subgraphs : undefined;
  const known = new Set(before === undefined ? [] : lintSupergraph(before.document).map(identityOf));
  const findings =
    subgraphs === undefined ? lintSupergraph(after.document) : lintSubgraphs(subgraphs, after.document);
  const files = new Map(subgraphs?.map(({ name, place }) => [name, place]));
  return findings
    .map((finding) => ({ finding, isNew: !known.has(identityOf(finding)) }))
    .toSorted((a, b) => Number(b.isNew) - Number(a.isNew))
    .flatMap(({ finding, isNew }) =>
      applied([finding], settings).map((reported) => {
        const file = files.get(finding.subgraph ?? '');
        return { ...reported, isNew, ...(file !== undefined && { file }) };
      }),
    );
}

/** Returns whether a check fails because of findings. */
export function hasNewErrors(findings: readonly LintFinding[]): boolean {
  return findings.some(({ severity, isNew }) => severity === 'error' && isNew);
}

/** Applies levels and ignored coordinates. */
function applied(
  findings: readonly RuleFinding[],
  settings: LintSettings,
): readonly Omit<LintFinding, 'isNew'>[] {
  return findings.flatMap((finding) => {
    const severity = levelOf(finding, settings);
    const { rule: code, ...rest } = finding;
    return severity === 'off' ? [] : [{ ...rest, code, severity }];
  });
}

function lintSupergraph(supergraph: DocumentNode): readonly RuleFinding[] {
  return [...lintDocument(supergraph), ...lintBorders(supergraph)];
}

function lintSubgraphs(
  subgraphs: readonly SubgraphSchema[],
  supergraph: DocumentNode,
): readonly RuleFinding[] {
  const documents = new Map(subgraphs.map(({ name, sdl }) => [name, parse(sdl)]));
  const own = [...documents].flatMap(([subgraph, document]) =>
    lintDocument(document).map((finding) => ({ ...finding, subgraph })),
  );
  const lines = new Map([...documents].map(([subgraph, document]) => [subgraph, fieldLines(document)]));
  const borders = lintBorders(supergraph).map((finding) => ({
    ...finding,
    ...lines.get(finding.subgraph ?? '')?.get(finding.coordinate),
  }));
  return [...own, ...borders];
}

/** Returns where each field of a schema is defined, by coordinate. */
function fieldLines(document: DocumentNode): ReadonlyMap<string, { line: number; column: number }> {
  const positions = new Map<string, { line: number; column: number }>();
  const types: string[] = [];
  const enter = (node: { readonly name: { readonly value: string } }) => void types.push(node.name.value);
  const leave = () => void types.pop();
  const type = { enter, leave };
  visit(document, {
    ObjectTypeDefinition: type,
    ObjectTypeExtension: type,
    InterfaceTypeDefinition: type,
    InterfaceTypeExtension: type,
    FieldDefinition: ({ name }) => {
      const start = name.loc?.startToken;
      if (start) positions.set(`${types.at(-1)}.${name.value}`, { line: start.line, column: start.column });
    },
  });
  return positions;
}

/** A finding is new if the graph had no finding of the same rule at the same element. */
function identityOf({ rule, coordinate }: RuleFinding): string {
  return `${rule} ${coordinate}`;
}
