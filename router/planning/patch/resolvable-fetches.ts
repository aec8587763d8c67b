import { Kind } from 'graphql';
import type { DocumentNode, SelectionSetNode } from 'graphql';
import type { FetchNode, QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import { responseName } from '../../shared/graphql/response-name.ts';
import {
  argumentOf,
  hasFlag,
  isCompositeDefinition,
  parseFieldSet,
  serviceNames,
} from '../prepare/supergraph-document.ts';
import { fetchesOf } from './fetches-of.ts';

/**
 * Returns the keys with which a subgraph resolves entities of a type. They include the keys of interfaces
 * that the type implements.
 */
type ResolvableKeys = {
  readonly of: (service: string, typeName: string) => readonly SelectionSetNode[];
};

/**
 * Creates the function that checks whether the subgraphs of a supergraph (`document`) can resolve all
 * entities that a plan sends to them: each representation must contain a key without `resolvable: false`.
 */
export function createResolvableCheck(document: DocumentNode): (plan: QueryPlan) => boolean {
  const keys = resolvableKeys(document);
  return (plan) => fetchesOf(plan).every((fetch) => isResolvable(fetch, keys));
}

function resolvableKeys(document: DocumentNode): ResolvableKeys {
  const services = serviceNames(document);
  const keys = new Map<string, SelectionSetNode[]>();
  const interfacesOf = new Map<string, readonly string[]>();
  for (const { name, interfaces = [], directives = [] } of document.definitions.filter(
    isCompositeDefinition,
  )) {
    interfacesOf.set(
      name.value,
      interfaces.map((one) => one.name.value),
    );
    for (const directive of directives) {
      const key = argumentOf(directive, 'key');
      if (directive.name.value !== 'join__type' || key === undefined) continue;
      if (hasFlag(directive, 'resolvable', false)) continue;
      const graph = argumentOf(directive, 'graph') ?? '';
      const place = `${services.get(graph) ?? graph} ${name.value}`;
      keys.set(place, [...(keys.get(place) ?? []), parseFieldSet(key)]);
    }
  }
  return {
    of: (service, typeName) =>
      [typeName, ...(interfacesOf.get(typeName) ?? [])].flatMap(
        (name) => keys.get(`${service} ${name}`) ?? [],
      ),
  };
}

function isResolvable({ requires = [], serviceName }: FetchNode, keys: ResolvableKeys): boolean {
  return requires.every((required) => containsKey(required, serviceName, keys));
}

function containsKey(required: QueryPlanSelectionNode, service: string, keys: ResolvableKeys): boolean {
  if (required.kind !== 'InlineFragment' || required.typeCondition === undefined) return false;
  return keys.of(service, required.typeCondition).some((key) => contains(required.selections, key));
}

function contains(selections: readonly QueryPlanSelectionNode[], key: SelectionSetNode): boolean {
  return key.selections.every((wanted) => {
    if (wanted.kind !== Kind.FIELD) return false;
    return selections.some(
      (selection) =>
        selection.kind === 'Field' &&
        (selection.alias ?? selection.name) === responseName(wanted) &&
        (wanted.selectionSet === undefined || contains(selection.selections ?? [], wanted.selectionSet)),
    );
  });
}
