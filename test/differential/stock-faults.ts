import { Kind, OperationTypeNode, getNamedType, parse, visit } from 'graphql';
import type { DocumentNode } from 'graphql';
import { faultsOfAnswer } from './cases.ts';
import type { Case } from './cases.ts';
import type { Graph } from './graph.ts';
import { isAnotherOrder, isNullForEmpty, lacksOnlyFields } from './stock-answers.ts';
import type { StockFault } from './stock-answers.ts';

type Explains = (fault: StockFault, document: DocumentNode) => boolean;

/** Where it answers against the GraphQL specification (October 2021) or that of Federation: the clause, and how such a fault is told. */
const CLAUSES: Readonly<Record<string, Explains>> = {
  'Federation @requires: arguments are taken from another use of the field': ({
    graph,
    case: { operation },
  }) => JSON.stringify(graph.plan(plannable(operation))).includes('__required'),
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
  'Federation @interfaceObject: a condition on another interface of its types has no plan': (fault) =>
    tells(fault, /^We should have an edge from Keyed\(\w\) for __typename$/),
};

/** The clause that an answer breaks; `undefined` when none of those known does. */
export function knownStockFault(fault: StockFault): string | undefined {
  const document = parse(fault.case.operation.document);
  const known = Object.entries(CLAUSES).find(([, explains]) => explains(fault, document));
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

/** Every fault is at an object of the interface that a subgraph knows as an object, or below. */
function isAboutInterfaceObjects(fault: StockFault): boolean {
  const { graph, oracle } = fault;
  if (!graph.supergraphSdl.includes('isInterfaceObject: true')) return false;
  const names = new Set(['Keyed', ...membersOf(graph)]);
  return pathsOfFaults(fault).every((path) =>
    path.some((_, index) => {
      const type = oracle.types.get(path.slice(0, index + 1).join('.'));
      return type !== undefined && names.has(getNamedType(type).name);
    }),
  );
}

function isAboutInheritedNames(fault: StockFault): boolean {
  return pathsOfFaults(fault).every((path) => path.some((name) => name in Object.prototype));
}

function pathsOfFaults({ answer, oracle }: StockFault): readonly (readonly string[])[] {
  const faults = faultsOfAnswer(answer, oracle, false);
  const ofData = faults.filter((fault) => !fault.startsWith(ERROR));
  const errors = answer.kind === 'answered' && ofData.length < faults.length ? answer.errors : [];
  return [
    ...ofData.map((fault) => fault.split(' is ')[0]?.split('.') ?? []),
    ...errors.map(({ path }) => path.map(String)),
  ];
}

/** How a fault of an error begins. */
const ERROR = 'the error "';

function membersOf({ world }: Graph): readonly string[] {
  return [...world.identities.keys()];
}

function tells(fault: StockFault, message: RegExp): boolean {
  const messages = messagesOf(fault);
  return messages.length > 0 && messages.every((text) => message.test(text));
}

/** Those of the oracle apart. */
function messagesOf({ answer, oracle }: StockFault): readonly string[] {
  if (answer.kind === 'refused') return [answer.message];
  const expected = new Set(oracle.errors.map(({ message }) => message));
  return answer.errors.map(({ message }) => message).filter((message) => !expected.has(message));
}

/** What is sent has an empty object in place of each inner list. */
function lacksInnerLists(fault: StockFault): boolean {
  const messages = messagesOf(fault);
  return (
    messages.length > 0 &&
    messages.every((message) => {
      const [, required = '', given = ''] = /^required (.*) and was given (.*)$/s.exec(message) ?? [];
      if (required === '') return false;
      const sent = JSON.stringify(JSON.parse(required), (_, value: unknown) =>
        Array.isArray(value) ? value.map((item: unknown) => (Array.isArray(item) ? {} : item)) : value,
      );
      return sent !== required && sent === given;
    })
  );
}
