import { Kind } from 'graphql';
import type { DocumentNode, InterfaceTypeDefinitionNode, ObjectTypeDefinitionNode } from 'graphql';
import type { Alternatives, Requirement, Requirements } from './requirement.ts';

type Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/**
 * Rejects supergraphs in which an interface has requirements that its object types do not have. A caller
 * could bypass them with a fragment on an object type, as in `{ media { ... on Book { price } } }`
 * (CVE-2025-64530). Composition itself never creates such a supergraph: it adds the requirements of all
 * object types to their interface.
 * @throws {Error} that names the type or field
 */
export function rejectBareInterfaces(document: DocumentNode, requirements: Requirements): void {
  for (const type of compositesOf(document)) {
    if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const objects = objectsOf(document, type.name.value);
    for (const suffix of ['', ...(type.fields ?? []).map(({ name }) => `.${name.value}`)]) {
      const demanded = requirements.get(type.name.value + suffix);
      if (demanded === undefined) continue;
      const given = objects.flatMap((name) => requirements.get(name + suffix) ?? []);
      if (!isImplied(demanded, given)) {
        throw new Error(
          `${type.name.value}${suffix} requires authorization that its implementations do not require: add the directive to each implementation`,
        );
      }
    }
  }
}

function compositesOf(document: DocumentNode): readonly Composite[] {
  return document.definitions.filter(
    (node): node is Composite =>
      node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION,
  );
}

// Returns all object types that implement an interface. In GraphQL an object type must also list the
// interfaces that its interfaces implement, so no search through interfaces is needed.
function objectsOf(document: DocumentNode, interfaceName: string): readonly string[] {
  return compositesOf(document)
    .filter(({ kind }) => kind === Kind.OBJECT_TYPE_DEFINITION)
    .filter(({ interfaces = [] }) => interfaces.some(({ name }) => name.value === interfaceName))
    .map(({ name }) => name.value);
}

/**
 * Returns whether every caller that satisfies all requirements in `given` also satisfies `demanded`.
 * Authentication, scopes and policies are compared separately.
 */
export function isImplied(demanded: Requirement, given: readonly Requirement[]): boolean {
  const scopes = allOf(given.flatMap((requirement) => requirement.scopes));
  const policies = allOf(given.flatMap((requirement) => requirement.policies));
  return (
    (!demanded.authenticated || given.some(({ authenticated }) => authenticated)) &&
    demanded.scopes.every((alternatives) => covers(alternatives, scopes)) &&
    demanded.policies.every((alternatives) => covers(alternatives, policies))
  );
}

/**
 * Maximum number of combinations of alternatives: `[["a"], ["b"]]` and `[["c"], ["d"]]`, for example, have
 * four. A supergraph with more is rejected.
 */
const MOST_ALTERNATIVES = 4_096;

/**
 * Combines several requirements into one: `[["a"], ["b"]]` and `[["c"]]` give `[["a", "c"], ["b", "c"]]`. An
 * alternative that contains all names of another one is left out, because the shorter one suffices.
 * @throws {Error} for too many combinations
 */
function allOf(demands: readonly Alternatives[]): Alternatives {
  return demands.reduce<Alternatives>(
    (sofar, alternatives) => {
      if (sofar.length * alternatives.length > MOST_ALTERNATIVES)
        throw new Error(
          'the implementations of an interface require too many combinations of scopes or policies',
        );
      return shortest(
        sofar.flatMap((before) => alternatives.map((names) => [...new Set([...before, ...names])])),
      );
    },
    [[]],
  );
}

function shortest(alternatives: Alternatives): Alternatives {
  const kept: (readonly string[])[] = [];
  for (const names of alternatives.toSorted((a, b) => a.length - b.length)) {
    if (!kept.some((shorter) => shorter.every((name) => names.includes(name)))) kept.push(names);
  }
  return kept;
}

function covers(demanded: Alternatives, given: Alternatives): boolean {
  return given.every((names) => demanded.some((needed) => needed.every((name) => names.includes(name))));
}
