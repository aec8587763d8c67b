import { checkInThread, composeInThread } from '../router/supergraph/compose-in-thread.ts';
import { compose } from '../router/supergraph/compose.ts';
import type { Composition, SubgraphSchema } from '../router/supergraph/compose.ts';
import type { Finding as RouterFinding } from '../router/supergraph/finding.ts';
import { rejectionReasons } from '../router/supergraph/rejection.ts';
import { readSupergraph } from '../router/supergraph/acceptance/read-supergraph.ts';
import type { ReadSupergraph } from '../router/supergraph/acceptance/read-supergraph.ts';
import { coordinatePosition } from './coordinate-position.ts';
import type { CompositionReport, Finding } from './report.ts';

export type { SubgraphSchema } from '../router/supergraph/compose.ts';

/** One version of a graph, as its supergraph describes it. */
export type GraphVersion = ReadSupergraph;

/** A proposed version: the schemas of all subgraphs, or a supergraph that is already composed. */
export type ProposedGraph =
  | { readonly subgraphs: readonly SubgraphSchema[] }
  | { readonly supergraphSdl: string; readonly file?: string };

/** The supergraph SDL, or undefined if composition fails, and the findings. */
export type ComposedGraph = CompositionReport & { readonly supergraphSdl: string | undefined };

/** Reads a version from its supergraph SDL. @throws {Error} if the router cannot serve it */
export function readVersion(supergraphSdl: string): GraphVersion {
  return readSupergraph(supergraphSdl);
}

export type CompositionParts = {
  /** Default: composes in a thread. */
  readonly compose?: typeof composeInThread;
  /** Aborts the composition. */
  readonly signal?: AbortSignal;
};

/** Composes in the calling thread, which must not be one that serves requests. */
export const composeHere: NonNullable<CompositionParts['compose']> = async (subgraphs) => compose(subgraphs);

/** Composes subgraphs in a thread, or checks there that a supergraph is satisfiable. */
export async function composeProposed(
  proposed: ProposedGraph,
  {
    compose: composeSubgraphs = composeInThread,
    signal = new AbortController().signal,
  }: CompositionParts = {},
): Promise<ComposedGraph> {
  if ('supergraphSdl' in proposed) {
    const { supergraphSdl, file } = proposed;
    const findings = await checkInThread(supergraphSdl, signal);
    const placed = findings.map((finding) => ({ ...finding, ...(file !== undefined && { place: file }) }));
    return composedOf(placed, supergraphSdl);
  }
  const composition = await composeSubgraphs(proposed.subgraphs, signal);
  return resultOf(composition, proposed.subgraphs);
}

/** Composes subgraphs in this thread, and checks that the router can serve the result. */
export function composeServable(subgraphs: readonly SubgraphSchema[]): ComposedGraph {
  const { supergraphSdl, errors, hints } = resultOf(compose(subgraphs), subgraphs);
  if (supergraphSdl === undefined) return { supergraphSdl, errors, hints };
  try {
    const { warnings } = readVersion(supergraphSdl);
    return { supergraphSdl, errors, hints: [...hints, ...warnings.map(reported)] };
  } catch (error) {
    return { supergraphSdl: undefined, errors: servingErrors(error), hints };
  }
}

/** Returns the reasons why the router cannot serve a composed supergraph. */
export function servingErrors(error: unknown): readonly Finding[] {
  return rejectionReasons(error).map((message) => ({ code: 'SUPERGRAPH_REJECTED', message }));
}

function resultOf(composition: Composition, subgraphs: readonly SubgraphSchema[]): ComposedGraph {
  const sdl = composition.kind === 'composed' ? composition.supergraphSdl : undefined;
  const { supergraphSdl, errors, hints } = composedOf(composition.findings, sdl);
  const locate = (finding: Finding) => located(finding, subgraphs);
  return { supergraphSdl, errors: errors.map(locate), hints: hints.map(locate) };
}

/**
 * Adds the line of a finding that has none, such as that of a field which several subgraphs resolve: the
 * first of the subgraphs that its message names and that define the element.
 */
function located(finding: Finding, subgraphs: readonly SubgraphSchema[]): Finding {
  const { line, coordinate, subgraph, message } = finding;
  if (line !== undefined || coordinate === undefined) return finding;
  for (const { name, sdl, place } of subgraphs) {
    if (subgraph === undefined ? !message.includes(`"${name}"`) : name !== subgraph) continue;
    const position = coordinatePosition(sdl, coordinate);
    if (position !== undefined) return { ...finding, subgraph: name, file: place, ...position };
  }
  return finding;
}

function composedOf(findings: readonly RouterFinding[], supergraphSdl: string | undefined): ComposedGraph {
  const errors = findings.filter(({ severity }) => severity === 'error').map(reported);
  const hints = findings.filter(({ severity }) => severity !== 'error').map(reported);
  return { errors, hints, supergraphSdl: errors.length === 0 ? supergraphSdl : undefined };
}

/** Returns a finding of the router in the form of a report, which has lists instead of a severity. */
export function reported({ code, message, subgraph, coordinate, place, line }: RouterFinding): Finding {
  return {
    code,
    message,
    ...(subgraph !== undefined && { subgraph }),
    ...(coordinate !== undefined && { coordinate }),
    ...(place !== undefined && { file: place }),
    ...(line !== undefined && { line }),
  };
}
