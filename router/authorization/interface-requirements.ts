import { Kind } from 'graphql';
import type { DocumentNode, InterfaceTypeDefinitionNode, ObjectTypeDefinitionNode } from 'graphql';
import type { Alternatives, Requirement, Requirements } from './requirement.ts';

type Composite = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/**
 * Composition puts on an interface what its object types demand together; each object has its own requirements. An interface that
 * demands more would be bypassed by a fragment on an object type (CVE-2025-64530), so it is refused.
 * @throws {Error}
 */
export function refuseBareInterfaces(document: DocumentNode, requirements: Requirements): void {
  for (const type of compositesOf(document)) {
    if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION) continue;
    const objects = objectsOf(document, type.name.value);
    for (const suffix of ['', ...(type.fields ?? []).map(({ name }) => `.${name.value}`)]) {
      const demanded = requirements.get(type.name.value + suffix);
      if (demanded === undefined) continue;
      const given = objects.flatMap((name) => requirements.get(name + suffix) ?? []);
      if (!isImplied(demanded, given)) {
        throw new Error(
          `${type.name.value}${suffix} demands authorization that its implementations do not: put it on each of them`,
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

// An object names every interface it implements, those that come by way of another interface too.
function objectsOf(document: DocumentNode, interfaceName: string): readonly string[] {
  return compositesOf(document)
    .filter(({ kind }) => kind === Kind.OBJECT_TYPE_DEFINITION)
    .filter(({ interfaces = [] }) => interfaces.some(({ name }) => name.value === interfaceName))
    .map(({ name }) => name.value);
}

/** Whether who meets all that is given meets what is demanded, too. The kinds do not depend on each other. */
function isImplied(demanded: Requirement, given: readonly Requirement[]): boolean {
  const scopes = allOf(given.flatMap((requirement) => requirement.scopes));
  const policies = allOf(given.flatMap((requirement) => requirement.policies));
  return (
    (!demanded.authenticated || given.some(({ authenticated }) => authenticated)) &&
    demanded.scopes.every((alternatives) => covers(alternatives, scopes)) &&
    demanded.policies.every((alternatives) => covers(alternatives, policies))
  );
}

/** More would mean a supergraph that nobody could read either. */
const MOST_ALTERNATIVES = 4_096;

/** The alternatives of several demands at once, without those that contain another. */
function allOf(demands: readonly Alternatives[]): Alternatives {
  return demands.reduce<Alternatives>(
    (sofar, alternatives) => {
      if (sofar.length * alternatives.length > MOST_ALTERNATIVES)
        throw new Error(
          'the implementations of an interface demand too many combinations of scopes or policies',
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
