import { Kind, OperationTypeNode, getNamedType, getNullableType, isListType, parse, visit } from 'graphql';
import type { DocumentNode, GraphQLOutputType } from 'graphql';
import { isJsonObject } from '../../router/shared/json.ts';
import { faultsOfResponse } from './cases.ts';
import type { Case } from './cases.ts';
import type { OracleResponse } from './oracle.ts';
import type { Graph } from './graph.ts';
import { withoutConditions } from './rewritten-operation.ts';
import { isAnotherOrder, isNullForEmpty, lacksOnlyFields } from './stock-responses.ts';
import type { StockFault } from './stock-responses.ts';

type Explains = (fault: StockFault, document: DocumentNode) => boolean;

/**
 * Violations of the GraphQL specification (October 2021) or of Federation, each with a function that
 * recognizes it.
 */
const KNOWN_DIFFERENCES: Readonly<Record<string, Explains>> = {
  'Federation @requires: arguments are taken from another use of the field': ({
    graph,
    case: { operation },
  }) =>
    // Some mutations under conditions have no plan.
    [operation, withoutConditions(operation)].some((planned) =>
      JSON.stringify(graph.plan(plannable(planned))).includes('__required'),
    ),
  'Federation @requires: nothing is sent for a list of lists': lacksInnerLists,
  'Federation _Any: a representation of an @interfaceObject lacks its key': (fault) =>
    fault.graph.supergraphSdl.includes('isInterfaceObject: true') &&
    reports(fault, /^Keyed has no such key here$/),
  '2.1.9 Names: a response name that objects inherit a property of is treated as data': isAboutInheritedNames,
  '6.2.2 Mutation: root fields in fragments are executed out of order': (_, document) =>
    hasMutationInFragments(document),
  '6.3.2 CollectFields: fields are in another order than their first occurrence': isAnotherOrder,
  '3.13.1 @skip, 3.13.2 @include: an object without a remaining field is null, and not {}': isNullForEmpty,
  'Federation @key(resolvable: false): a subgraph receives a key that it does not resolve': (fault) =>
    fault.graph.supergraphSdl.includes('resolvable: false') && reports(fault, /^\w+ has no such key here$/),
  '5.3.2 Field Selection Merging: a subgraph receives one name with different arguments': (fault) =>
    reports(fault, /^Fields "\w+" conflict because /),
  '4.2 Schema Introspection: `__schema` and `__type` in a fragment have no plan': (fault) =>
    reports(fault, /^Was not able to find any options for (?:\w+: )?__(?:schema|type)\b/),
  '6.3.2 DoesFragmentTypeApply: fields in fragments of fragments are omitted': (fault, document) =>
    hasNestedFragments(document) && lacksOnlyFields(fault),
  'Federation @interfaceObject: objects with fields in another subgraph are null, or lack fields':
    isAboutInterfaceObjects,
  'Federation @shareable: objects of one subgraph are lost in a list of lists from two': isInListsOfLists,
  'Federation @interfaceObject: a condition on another interface of its types has no plan': (fault) =>
    reports(fault, /^We should have an edge from Keyed\(\w\) for __typename$/),
  'Federation @requires: a field is selected before the fields that it requires': (fault) =>
    messagesOf(fault).includes('required fields are absent') && reports(fault, /^required /),
};

/** Returns the known difference that a fault is an instance of; `undefined` if it is none. */
export function knownStockFault(fault: StockFault): string | undefined {
  const document = parse(fault.case.operation.document);
  const known = Object.entries(KNOWN_DIFFERENCES).find(([, explains]) => explains(fault, document));
  return known?.[0];
}

function plannable({ document, operationName }: Case['operation']) {
  return { document, operationName };
}

function hasMutationInFragments({ definitions }: DocumentNode): boolean {
  return definitions.some(
    (definition) =>
      definition.kind === Kind.OPERATION_DEFINITION &&
      definition.operation === OperationTypeNode.MUTATION &&
      definition.selectionSet.selections.some(({ kind }) => kind !== Kind.FIELD),
  );
}

/** Whether there is a fragment within a fragment, so that both conditions have to apply. */
function hasNestedFragments(document: DocumentNode): boolean {
  let depth = 0;
  let isNested = false;
  const fragment = { enter: () => void (isNested ||= (depth += 1) > 1), leave: () => void (depth -= 1) };
  visit(document, { FragmentDefinition: fragment, InlineFragment: fragment, FragmentSpread: fragment });
  return isNested;
}

/** Whether every fault is in a list of lists, or at a null propagated from one, and is not an error. */
function isInListsOfLists(fault: StockFault): boolean {
  const { response, oracle } = fault;
  if (response.kind === 'rejected' || response.errors.length > oracle.errors.length) return false;
  return pathsOfFaults(fault).every((path) =>
    typesAround(path, oracle).some((type) => {
      const list = getNullableType(type);
      return isListType(list) && isListType(getNullableType(list.ofType));
    }),
  );
}

/**
 * Whether every fault is at an object of the interface that a subgraph defines as an object, below, or above
 * at a propagated null.
 */
function isAboutInterfaceObjects(fault: StockFault): boolean {
  const { graph, oracle } = fault;
  if (!graph.supergraphSdl.includes('isInterfaceObject: true')) return false;
  const names = new Set(['Keyed', ...membersOf(graph)]);
  return pathsOfFaults(fault).every((path) =>
    typesAround(path, oracle).some((type) => names.has(getNamedType(type).name)),
  );
}

/** Returns the types of the fields on the path to a position and below it. */
function typesAround(path: readonly string[], { types }: OracleResponse): readonly GraphQLOutputType[] {
  const place = path.join('.');
  return [...types]
    .filter(([key]) => place === '' || `${place}.`.startsWith(`${key}.`) || key.startsWith(`${place}.`))
    .map(([, type]) => type);
}

function isAboutInheritedNames(fault: StockFault): boolean {
  return pathsOfFaults(fault).every((path) => path.some((name) => name in Object.prototype));
}

function pathsOfFaults({ response, oracle }: StockFault): readonly (readonly string[])[] {
  const faults = faultsOfResponse(response, oracle, false);
  const ofData = faults.filter((fault) => !fault.startsWith(ERROR));
  const errors = response.kind === 'received' && ofData.length < faults.length ? response.errors : [];
  return [
    ...ofData.map((fault) => pathOf(fault.split(' is ')[0])),
    ...errors.map(({ path }) => path.map(String)),
  ];
}

/** Returns the path of a position; empty for the whole response. */
function pathOf(place = 'data'): readonly string[] {
  return place === 'data' ? [] : place.split('.');
}

/** The beginning of a fault that is an error. */
const ERROR = 'the error "';

function membersOf({ dataset }: Graph): readonly string[] {
  return [...dataset.identities.keys()];
}

function reports(fault: StockFault, message: RegExp): boolean {
  const messages = messagesOf(fault);
  return messages.length > 0 && messages.every((text) => message.test(text));
}

/** Returns the messages that the oracle does not have. */
function messagesOf({ response, oracle }: StockFault): readonly string[] {
  if (response.kind === 'rejected') return [response.message];
  const expected = new Set(oracle.errors.map(({ message }) => message));
  return response.errors.map(({ message }) => message).filter((message) => !expected.has(message));
}

/** Whether the sent representation has another value instead of each inner list. */
function lacksInnerLists(fault: StockFault): boolean {
  const messages = messagesOf(fault);
  return (
    messages.length > 0 &&
    messages.every((message) => {
      const [, required, given] = /^required (.*) and was given (.*)$/s.exec(message) ?? [];
      if (required === undefined || given === undefined) return false;
      return required !== given && isWithoutInnerLists(JSON.parse(required), JSON.parse(given));
    })
  );
}

function isWithoutInnerLists(required: unknown, given: unknown): boolean {
  if (Array.isArray(required) && Array.isArray(given)) {
    return (
      required.length === given.length &&
      required.every((item, index) => Array.isArray(item) || isWithoutInnerLists(item, given[index]))
    );
  }
  if (!isJsonObject(required) || !isJsonObject(given)) return required === given;
  return Object.keys(required).every((key) => isWithoutInnerLists(required[key], given[key]));
}
