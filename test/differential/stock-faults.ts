import { Kind, OperationTypeNode, getNamedType, getNullableType, isListType, parse, visit } from 'graphql';
import type { DocumentNode, GraphQLOutputType } from 'graphql';
import { isJsonObject } from '../../router/shared/json.ts';
import { faultsOfAnswer } from './cases.ts';
import type { Case } from './cases.ts';
import type { OracleAnswer } from './oracle.ts';
import type { Graph } from './graph.ts';
import { withoutConditions } from './rewritten-operation.ts';
import { isAnotherOrder, isNullForEmpty, lacksOnlyFields } from './stock-answers.ts';
import type { StockFault } from './stock-answers.ts';

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
    // Of mutations under conditions some have no plan.
    [operation, withoutConditions(operation)].some((planned) =>
      JSON.stringify(graph.plan(plannable(planned))).includes('__required'),
    ),
  'Federation @requires: of a list of lists nothing is sent': lacksInnerLists,
  'Federation _Any: a representation of an @interfaceObject lacks its key': (fault) =>
    fault.graph.supergraphSdl.includes('isInterfaceObject: true') &&
    tells(fault, /^Keyed has no such key here$/),
  '2.1.9 Names: a response name that objects inherit a property of is taken for data': isAboutInheritedNames,
  '6.2.2 Mutation: root fields in fragments are done out of their order': (_, document) =>
    hasMutationInFragments(document),
  '6.3.2 CollectFields: fields stand in the order in which they are met first': isAnotherOrder,
  '3.13.1 @skip, 3.13.2 @include: an object of which nothing is left is null, and not {}': isNullForEmpty,
  'Federation @key(resolvable: false): a subgraph is asked for what it does not resolve': (fault) =>
    fault.graph.supergraphSdl.includes('resolvable: false') && tells(fault, /^\w+ has no such key here$/),
  '5.3.2 Field Selection Merging: a subgraph is asked for one name with different arguments': (fault) =>
    tells(fault, /^Fields "\w+" conflict because /),
  '4.2 Schema Introspection: `__schema` and `__type` in a fragment have no plan': (fault) =>
    tells(fault, /^Was not able to find any options for (?:\w+: )?__(?:schema|type)\b/),
  '6.3.2 DoesFragmentTypeApply: fields in fragments of fragments are left out': (fault, document) =>
    hasNestedFragments(document) && lacksOnlyFields(fault),
  'Federation @interfaceObject: objects that another subgraph knows more of are null, or lack fields':
    isAboutInterfaceObjects,
  'Federation @shareable: of a list of lists from two subgraphs the objects of one are lost':
    isInListsOfLists,
  'Federation @interfaceObject: a condition on another interface of its types has no plan': (fault) =>
    tells(fault, /^We should have an edge from Keyed\(\w\) for __typename$/),
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

/** A fragment within a fragment: conditions of which both have to apply. */
function hasNestedFragments(document: DocumentNode): boolean {
  let depth = 0;
  let isNested = false;
  const fragment = { enter: () => void (isNested ||= (depth += 1) > 1), leave: () => void (depth -= 1) };
  visit(document, { FragmentDefinition: fragment, InlineFragment: fragment, FragmentSpread: fragment });
  return isNested;
}

/** Every fault is in a list of lists, or null has moved up from one, and is no error. */
function isInListsOfLists(fault: StockFault): boolean {
  const { answer, oracle } = fault;
  if (answer.kind === 'rejected' || answer.errors.length > oracle.errors.length) return false;
  return pathsOfFaults(fault).every((path) =>
    typesAround(path, oracle).some((type) => {
      const list = getNullableType(type);
      return isListType(list) && isListType(getNullableType(list.ofType));
    }),
  );
}

/**
 * Every fault is at an object of the interface that a subgraph knows as an object, below, or above, where
 * null has moved up.
 */
function isAboutInterfaceObjects(fault: StockFault): boolean {
  const { graph, oracle } = fault;
  if (!graph.supergraphSdl.includes('isInterfaceObject: true')) return false;
  const names = new Set(['Keyed', ...membersOf(graph)]);
  return pathsOfFaults(fault).every((path) =>
    typesAround(path, oracle).some((type) => names.has(getNamedType(type).name)),
  );
}

/** The types of the fields on the way to a place and below it. */
function typesAround(path: readonly string[], { types }: OracleAnswer): readonly GraphQLOutputType[] {
  const place = path.join('.');
  return [...types]
    .filter(([key]) => place === '' || `${place}.`.startsWith(`${key}.`) || key.startsWith(`${place}.`))
    .map(([, type]) => type);
}

function isAboutInheritedNames(fault: StockFault): boolean {
  return pathsOfFaults(fault).every((path) => path.some((name) => name in Object.prototype));
}

function pathsOfFaults({ answer, oracle }: StockFault): readonly (readonly string[])[] {
  const faults = faultsOfAnswer(answer, oracle, false);
  const ofData = faults.filter((fault) => !fault.startsWith(ERROR));
  const errors = answer.kind === 'received' && ofData.length < faults.length ? answer.errors : [];
  return [
    ...ofData.map((fault) => pathOf(fault.split(' is ')[0])),
    ...errors.map(({ path }) => path.map(String)),
  ];
}

/** Of the answer as a whole it is empty. */
function pathOf(place = 'data'): readonly string[] {
  return place === 'data' ? [] : place.split('.');
}

/** How a fault of an error begins. */
const ERROR = 'the error "';

function membersOf({ dataset }: Graph): readonly string[] {
  return [...dataset.identities.keys()];
}

function tells(fault: StockFault, message: RegExp): boolean {
  const messages = messagesOf(fault);
  return messages.length > 0 && messages.every((text) => message.test(text));
}

/** Those of the oracle apart. */
function messagesOf({ answer, oracle }: StockFault): readonly string[] {
  if (answer.kind === 'rejected') return [answer.message];
  const expected = new Set(oracle.errors.map(({ message }) => message));
  return answer.errors.map(({ message }) => message).filter((message) => !expected.has(message));
}

/** What is sent has something else in place of each inner list. */
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
