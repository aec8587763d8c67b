import { Kind } from 'graphql';
import type {
  ASTNode,
  ConstDirectiveNode,
  DefinitionNode,
  DocumentNode,
  FieldDefinitionNode,
  InputValueDefinitionNode,
  TypeDefinitionNode,
  TypeExtensionNode,
  TypeNode,
} from 'graphql';
import type { LintRule, RuleFinding } from './lint-rules.ts';

type TypeNodeOfSchema = TypeDefinitionNode | TypeExtensionNode;
type Report = (rule: LintRule, coordinate: string, message: string, node: ASTNode) => void;

/** Arguments that limit the number of items of a list. */
const PAGING: ReadonlySet<string> = new Set(['first', 'last', 'limit', 'pageSize', 'page', 'take', 'top']);

const PASCAL_CASE = /^[A-Z][\dA-Za-z]*$/;
const CAMEL_CASE = /^_?[a-z][\dA-Za-z]*$/;
const UPPER_CASE = /^[A-Z][\dA-Z_]*$/;
/** Names that specifications reserve: of introspection, of federation, and of imported specifications. */
const RESERVED = /^_|__/;

/** Returns what the rules find that need only one schema: of a subgraph, or a supergraph. */
export function lintDocument(document: DocumentNode): readonly RuleFinding[] {
  const types = document.definitions.filter(isType).filter(({ name }) => !RESERVED.test(name.value));
  const findings: RuleFinding[] = [];
  const report: Report = (rule, coordinate, message, { loc }) => {
    const position = loc && { line: loc.startToken.line, column: loc.startToken.column };
    findings.push({ rule, coordinate, message, ...position });
  };
  const objects = new Set(types.filter(isComposite).map(({ name }) => name.value));
  const entities = new Set(types.filter(isEntity).map(({ name }) => name.value));
  for (const type of types) {
    lintType(type, report);
    for (const field of fieldsOf(type)) {
      lintMember(type, field, report);
      if (field.kind === Kind.FIELD_DEFINITION) lintField(type, field, { report, objects, entities });
    }
  }
  return findings;
}

function lintType(type: TypeNodeOfSchema, report: Report): void {
  const name = type.name.value;
  if (!PASCAL_CASE.test(name)) report('TYPE_NAME_CASE', name, `${name} is not in Pascal case.`, type.name);
  if ('description' in type && type.description === undefined)
    report('DESCRIPTION_MISSING', name, `${name} has no description.`, type.name);
  if (type.kind !== Kind.ENUM_TYPE_DEFINITION && type.kind !== Kind.ENUM_TYPE_EXTENSION) return;
  for (const value of type.values ?? []) {
    const coordinate = `${name}.${value.name.value}`;
    if (!UPPER_CASE.test(value.name.value))
      report('ENUM_VALUE_CASE', coordinate, `${coordinate} is not in upper case.`, value.name);
    lintDeprecation(coordinate, value.directives, report);
  }
}

function lintMember(
  type: TypeNodeOfSchema,
  field: FieldDefinitionNode | InputValueDefinitionNode,
  report: Report,
): void {
  const coordinate = `${type.name.value}.${field.name.value}`;
  if (!CAMEL_CASE.test(field.name.value))
    report('FIELD_NAME_CASE', coordinate, `${coordinate} is not in camel case.`, field.name);
  lintDeprecation(coordinate, field.directives, report);
  if (field.description === undefined && !isRepeated(type, field))
    report('DESCRIPTION_MISSING', coordinate, `${coordinate} has no description.`, field.name);
}

/** Whether another subgraph defines the field: a field of a key, or an external one. */
function isRepeated(type: TypeNodeOfSchema, field: FieldDefinitionNode | InputValueDefinitionNode): boolean {
  if (field.directives?.some(({ name }) => name.value === 'external') === true) return true;
  return keysOf(type).some((key) => key.split(/\W+/).includes(field.name.value));
}

type FieldContext = {
  readonly report: Report;
  readonly objects: ReadonlySet<string>;
  readonly entities: ReadonlySet<string>;
};

function lintField(
  type: TypeNodeOfSchema,
  field: FieldDefinitionNode,
  { report, objects, entities }: FieldContext,
): void {
  const coordinate = `${type.name.value}.${field.name.value}`;
  for (const argument of field.arguments ?? []) {
    const place = `${coordinate}(${argument.name.value}:)`;
    if (!CAMEL_CASE.test(argument.name.value))
      report('FIELD_NAME_CASE', place, `${place} is not in camel case.`, argument.name);
    lintDeprecation(place, argument.directives, report);
  }
  const item = itemOf(field.type);
  if (item === undefined || !objects.has(item) || hasListSize(field)) return;
  const paging = field.arguments?.find(({ name }) => PAGING.has(name.value))?.name.value;
  if (paging !== undefined) {
    const advice = `@listSize(slicingArguments: ["${paging}"])`;
    report(
      'LIST_SIZE_MISSING',
      coordinate,
      `${coordinate} has no ${advice}, so its estimated cost does not follow ${paging}.`,
      field.name,
    );
  } else if (entities.has(item)) {
    const advice = 'an argument such as first, or @listSize(assumedSize:)';
    report('LIST_UNBOUNDED', coordinate, `${coordinate} is a list without limit; add ${advice}.`, field.name);
  }
}

function lintDeprecation(
  coordinate: string,
  directives: readonly ConstDirectiveNode[] = [],
  report: Report,
): void {
  const deprecated = directives.find(({ name }) => name.value === 'deprecated');
  if (deprecated === undefined || deprecated.arguments?.some(({ name }) => name.value === 'reason') === true)
    return;
  report('DEPRECATION_REASON_MISSING', coordinate, `@deprecated of ${coordinate} has no reason.`, deprecated);
}

function isType(node: DefinitionNode): node is TypeNodeOfSchema {
  return node.kind.endsWith('TypeDefinition') || node.kind.endsWith('TypeExtension');
}

function isComposite({ kind }: TypeNodeOfSchema): boolean {
  return !/^(Scalar|Enum|InputObject)/.test(kind);
}

function isEntity(type: TypeNodeOfSchema): boolean {
  return keysOf(type).length > 0;
}

/** Returns the keys of a type, in a subgraph (`@key`) or a supergraph (`@join__type`). */
function keysOf({ directives = [] }: TypeNodeOfSchema): readonly string[] {
  return directives.flatMap(({ name, arguments: given = [] }) => {
    const argument = name.value === 'join__type' ? 'key' : 'fields';
    if (name.value !== 'join__type' && !/(^|__)key$/.test(name.value)) return [];
    const value = given.find((each) => each.name.value === argument)?.value;
    return value?.kind === Kind.STRING ? [value.value] : [];
  });
}

function hasListSize({ directives = [] }: FieldDefinitionNode): boolean {
  return directives.some(({ name }) => /(^|__)listSize$/.test(name.value));
}

function fieldsOf(type: TypeNodeOfSchema): readonly (FieldDefinitionNode | InputValueDefinitionNode)[] {
  return 'fields' in type ? (type.fields ?? []) : [];
}

/** Returns the name of a list's items; undefined for a type that is no list. */
function itemOf(type: TypeNode): string | undefined {
  if (type.kind === Kind.NON_NULL_TYPE) return itemOf(type.type);
  return type.kind === Kind.LIST_TYPE ? namedType(type.type) : undefined;
}

function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
