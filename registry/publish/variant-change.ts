import { GraphQLError, parse } from 'graphql';
import { RegistryError } from '../errors.ts';
import type { ContractVersion, StoredFinding, SubgraphVersion } from '../store/tables.ts';
import { sha256Of } from '../store/documents.ts';

export type SubgraphChange = {
  readonly name: string;
  /** Null removes the subgraph. */
  readonly sdl: string | null;
  /** Undefined keeps the URL of the previous version. */
  readonly routingUrl: string | undefined;
  readonly author: string | null;
  readonly commit: string | null;
};

export type ContractTags = {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly hideUnreachable: boolean;
};

/** `tags` is null if the change removes the contract. */
export type ContractChange = { readonly name: string; readonly tags: ContractTags | null };

/** A change of the subgraphs or contracts of a variant, which makes one launch. */
export type VariantChange = {
  readonly subgraphs: readonly SubgraphChange[];
  readonly contracts: readonly ContractChange[];
  /** Publishes it although it breaks recorded operations. */
  readonly allowBreaking: boolean;
};

/** A subgraph of the proposed variant. `sdl` is undefined if the database has the text already. */
export type ProposedSubgraph = {
  readonly name: string;
  readonly routingUrl: string;
  readonly sha256: string;
  readonly sdl: string | undefined;
};

export type Proposal = {
  readonly subgraphs: readonly ProposedSubgraph[];
  /** The changes that change something. */
  readonly changed: readonly (SubgraphChange & { readonly routingUrl: string })[];
  readonly created: boolean;
};

const nameForm = /^[a-zA-Z][\w-]{0,63}$/;

/** @throws {RegistryError} BAD_USER_INPUT or TOO_LARGE for a change that no variant could accept */
export function assertValidChange(change: VariantChange, maxSdlBytes: number): void {
  for (const { name, sdl, routingUrl, author, commit } of change.subgraphs) {
    assertName('subgraph', name);
    if (routingUrl !== undefined) assertRoutingUrl(routingUrl);
    assertShort('author', author);
    assertShort('commit', commit);
    if (sdl !== null && Buffer.byteLength(sdl) > maxSdlBytes)
      throw new RegistryError('TOO_LARGE', `the schema of ${name} exceeds the limit of ${maxSdlBytes} bytes`);
  }
  const names = change.subgraphs.map(({ name }) => name);
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw new RegistryError('BAD_USER_INPUT', `${repeated} is given twice`);
  for (const { name, tags } of change.contracts) {
    assertName('contract', name);
    if (tags !== null && tags.include.length + tags.exclude.length === 0)
      throw new RegistryError('BAD_USER_INPUT', `the contract ${name} needs a tag to include or to exclude`);
  }
}

/** Returns a finding for each schema that is not GraphQL, which is not worth storing. */
export function syntaxErrors({ subgraphs }: VariantChange): readonly StoredFinding[] {
  return subgraphs.flatMap(({ name, sdl }) => {
    try {
      if (sdl !== null) parse(sdl);
      return [];
    } catch (error) {
      const { message, line, column } = positionOf(error);
      return [{ code: 'INVALID_GRAPHQL', message, subgraph: name, line, column }];
    }
  });
}

/** Applies a change to the current subgraphs. @throws {RegistryError} BAD_USER_INPUT, NOT_FOUND */
export function applyChange(current: readonly SubgraphVersion[], { subgraphs }: VariantChange): Proposal {
  const proposed = new Map<string, ProposedSubgraph>();
  for (const { name, routing_url, sha256 } of current)
    if (sha256 !== null) proposed.set(name, { name, routingUrl: routing_url, sha256, sdl: undefined });
  const changed: (SubgraphChange & { routingUrl: string })[] = [];
  let created = false;
  for (const change of subgraphs) {
    const previous = proposed.get(change.name);
    if (change.sdl === null) {
      if (previous === undefined) throw new RegistryError('NOT_FOUND', `there is no subgraph ${change.name}`);
      proposed.delete(change.name);
      changed.push({ ...change, routingUrl: previous.routingUrl });
      continue;
    }
    const routingUrl = change.routingUrl ?? previous?.routingUrl;
    if (routingUrl === undefined)
      throw new RegistryError('BAD_USER_INPUT', `the new subgraph ${change.name} needs a routing URL`);
    const next = { name: change.name, routingUrl, sha256: sha256Of(change.sdl), sdl: change.sdl };
    if (previous?.sha256 === next.sha256 && previous.routingUrl === routingUrl) continue;
    created ||= previous === undefined;
    proposed.set(next.name, next);
    changed.push({ ...change, routingUrl });
  }
  const sorted = [...proposed.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return { subgraphs: sorted, changed, created };
}

export type ProposedContract = ContractTags & { readonly name: string };

export type ContractProposal = {
  readonly contracts: readonly ProposedContract[];
  readonly current: readonly ProposedContract[];
  readonly changed: readonly ContractChange[];
  readonly created: boolean;
};

/** Applies a change to the current contracts. @throws {RegistryError} NOT_FOUND */
export function applyContractChange(
  current: readonly ContractVersion[],
  { contracts }: VariantChange,
): ContractProposal {
  const existing = current.map(contractTags);
  const proposed = new Map(existing.map((contract) => [contract.name, contract]));
  const changed: ContractChange[] = [];
  let created = false;
  for (const change of contracts) {
    const { name, tags } = change;
    const previous = proposed.get(name);
    if (tags === null) {
      if (previous === undefined) throw new RegistryError('NOT_FOUND', `there is no contract ${name}`);
      proposed.delete(name);
    } else {
      const next = { name, ...tags };
      if (previous !== undefined && sameContract(previous, next)) continue;
      created ||= previous === undefined;
      proposed.set(name, next);
    }
    changed.push(change);
  }
  return { contracts: [...proposed.values()], current: existing, changed, created };
}

/** Returns name and tags of a stored contract. */
export function contractTags({
  name,
  include,
  exclude,
  hide_unreachable,
}: Pick<ContractVersion, 'name' | 'include' | 'exclude' | 'hide_unreachable'>): ProposedContract {
  return { name, include, exclude, hideUnreachable: hide_unreachable };
}

function sameContract(a: ProposedContract, b: ProposedContract): boolean {
  const text = ({ include, exclude, hideUnreachable }: ContractTags) =>
    JSON.stringify([include, exclude, hideUnreachable]);
  return text(a) === text(b);
}

function assertName(kind: string, name: string): void {
  if (nameForm.test(name)) return;
  throw new RegistryError(
    'BAD_USER_INPUT',
    `"${name.slice(0, 80)}" is not a name of a ${kind}: a letter, then letters, digits, _ and -, at most 64`,
  );
}

const MAX_CHARACTERS = 2_000;

/**
 * Rejects a long text: it is shown in lists, and the reason of a rollback is part of the release that each
 * router loads.
 * @throws {RegistryError} BAD_USER_INPUT
 */
export function assertShort(name: string, text: string | null | undefined): void {
  if ((text?.length ?? 0) <= MAX_CHARACTERS) return;
  throw new RegistryError('BAD_USER_INPUT', `"${name}" exceeds the limit of ${MAX_CHARACTERS} characters`);
}

function assertRoutingUrl(text: string): void {
  assertShort('routingUrl', text);
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  if (protocol === 'http:' || protocol === 'https:') return;
  throw new RegistryError('BAD_USER_INPUT', `the routing URL must begin with http:// or https://`);
}

function positionOf(error: unknown) {
  if (!(error instanceof GraphQLError)) return { message: String(error), line: undefined, column: undefined };
  const [location] = error.locations ?? [];
  return { message: error.message, line: location?.line, column: location?.column };
}
