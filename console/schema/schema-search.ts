import type { SchemaIndex } from './schema-model.ts';

/** A type or member that matches a search. */
export type SearchHit = {
  readonly coordinate: string;
  readonly type: string;
  /** Null for a type. */
  readonly member: string | null;
  /** Type of the member, or kind of the type. */
  readonly detail: string;
  readonly subgraphs: readonly string[];
};

/** Finds types and members by a few letters, best first. */
export type SchemaSearch = (text: string, limit: number) => readonly SearchHit[];

/** Prepares a schema for searches. */
export function createSchemaSearch(index: SchemaIndex): SchemaSearch {
  const hits = hitsOf(index);
  return (text, limit) => {
    const words = text.trim();
    if (words === '') return [];
    return hits
      .map((hit) => ({ hit, score: scoreOf(hit, words) }))
      .filter(({ score }) => score > 0)
      .toSorted((one, other) => other.score - one.score || order(one.hit, other.hit))
      .slice(0, limit)
      .map(({ hit }) => hit);
  };
}

function hitsOf({ types }: SchemaIndex): readonly SearchHit[] {
  return [...types.values()].flatMap((type) => [
    {
      coordinate: type.name,
      type: type.name,
      member: null,
      detail: type.kind,
      subgraphs: type.subgraphs,
    },
    ...type.members.map((member) => ({
      coordinate: member.coordinate,
      type: type.name,
      member: member.name,
      detail: member.type,
      subgraphs: member.owners.map(({ subgraph }) => subgraph),
    })),
  ]);
}

function scoreOf({ coordinate, member, type }: SearchHit, text: string): number {
  if (text.includes('.')) return matchOf(coordinate, text);
  // If a type and a field match equally well, the type comes first.
  return member === null
    ? matchOf(type, text) + 0.5 * Number(matchOf(type, text) > 0)
    : matchOf(member, text);
}

/** Greater for a better match; 0 for none. */
function matchOf(name: string, text: string): number {
  const [low, search] = [name.toLowerCase(), text.toLowerCase()];
  if (low === search) return 100;
  if (low.startsWith(search)) return 80 - rest(name, text);
  if (startsWord(name, search)) return 60 - rest(name, text);
  if (initialsOf(name).startsWith(search)) return 50 - rest(name, text);
  if (low.includes(search)) return 40 - rest(name, text);
  return 0;
}

/** Shorter names are nearer to what was typed. */
function rest(name: string, text: string): number {
  return Math.min(9, (name.length - text.length) / 10);
}

function startsWord(name: string, search: string): boolean {
  const parts = name.split(/(?=[A-Z])|[._]/);
  return parts.some((_, index) => parts.slice(index).join('').toLowerCase().startsWith(search));
}

function initialsOf(name: string): string {
  return name
    .split(/(?=[A-Z])|[._]/)
    .map((part) => part[0] ?? '')
    .join('')
    .toLowerCase();
}

function order(one: SearchHit, other: SearchHit): number {
  return one.coordinate.localeCompare(other.coordinate, 'en');
}
