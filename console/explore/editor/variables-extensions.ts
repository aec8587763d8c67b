import type { CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { json, jsonLanguage, jsonParseLinter } from '@codemirror/lang-json';
import { syntaxTree } from '@codemirror/language';
import { linter } from '@codemirror/lint';
import type { Extension } from '@codemirror/state';
import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  typeFromAST,
} from 'graphql';
import type { GraphQLInputType, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { TYPING } from './graphql-extensions.ts';

export type VariableFacts = {
  readonly operation: OperationDefinitionNode | undefined;
  readonly schema: GraphQLSchema | undefined;
};

/** JSON with the names and values that the types of the operation's variables allow. */
export function variablesExtensions(facts: () => VariableFacts): Extension {
  return [
    TYPING,
    json(),
    linter((view) => (view.state.doc.toString().trim() === '' ? [] : jsonParseLinter()(view))),
    jsonLanguage.data.of({ autocomplete: (context: CompletionContext) => complete(context, facts()) }),
  ];
}

function complete(context: CompletionContext, facts: VariableFacts): CompletionResult | null {
  const word = context.matchBefore(/"?\w*/);
  if (word === null || (word.from === word.to && !context.explicit)) return null;
  const { path, isName } = positionAt(context);
  const options = isName ? namesAt(path, facts) : valuesAt(path, facts);
  // A closing quote that was inserted with the opening one is replaced, too.
  const to =
    context.state.sliceDoc(context.pos, context.pos + 1) === '"' && word.text.startsWith('"')
      ? context.pos + 1
      : context.pos;
  return options.length === 0 ? null : { from: word.from, to, options, filter: true };
}

/** Names of the members above a position, and whether a name or a value is written there. */
function positionAt({ state, pos }: CompletionContext) {
  const path: string[] = [];
  let node = syntaxTree(state).resolveInner(pos, -1);
  const isName = node.name === 'PropertyName' || node.name === 'Object' || node.name === '{' || inError(node);
  for (let up: typeof node | null = node; up !== null; up = up.parent) {
    if (up.name !== 'Property') continue;
    const name = up.getChild('PropertyName');
    const isSelf = name !== null && name.from <= node.from && node.to <= name.to;
    if (name !== null && !isSelf) path.unshift(unquoted(state.sliceDoc(name.from, name.to)));
  }
  return { path, isName };
}

function inError(node: {
  readonly name: string;
  readonly parent: { readonly name: string } | null;
}): boolean {
  return node.name === '⚠' && (node.parent?.name === 'Object' || node.parent?.name === 'JsonText');
}

function unquoted(text: string): string {
  return text.replaceAll('"', '');
}

type Member = { readonly name: string; readonly type: GraphQLInputType; readonly description?: string };

function namesAt(path: readonly string[], facts: VariableFacts) {
  return membersAt(path, facts).map(({ name, type, description }) => ({
    label: `"${name}"`,
    detail: String(type),
    ...(description !== undefined && { info: description }),
    apply: `"${name}": ${placeholder(type)}`,
  }));
}

function placeholder(type: GraphQLInputType): string {
  const inner = getNullableType(type);
  if (isListType(inner)) return '[]';
  if (isInputObjectType(inner)) return '{}';
  return '';
}

function valuesAt(path: readonly string[], facts: VariableFacts) {
  const name = path.at(-1);
  const member = membersAt(path.slice(0, -1), facts).find((entry) => entry.name === name);
  if (member === undefined) return [];
  const type = getNamedType(member.type);
  const values = isEnumType(type)
    ? type.getValues().map((value) => `"${value.name}"`)
    : type.name === 'Boolean'
      ? ['true', 'false']
      : [];
  return [...values, ...(isNonNullType(member.type) ? [] : ['null'])].map((label) => ({ label }));
}

/** Variables of the operation, or the fields of the input object that a path leads to. */
function membersAt(path: readonly string[], { operation, schema }: VariableFacts): readonly Member[] {
  if (operation === undefined || schema === undefined) return [];
  let members: readonly Member[] = (operation.variableDefinitions ?? []).flatMap(
    ({ variable, type: node }) => {
      // `typeFromAST` is declared for any type; a variable's is an input type.
      const type = typeFromAST(schema, node as never) as GraphQLInputType | undefined;
      return type === undefined ? [] : [{ name: variable.name.value, type }];
    },
  );
  for (const part of path) {
    const type = getNamedType(members.find(({ name }) => name === part)?.type);
    members = isInputObjectType(type)
      ? Object.values(type.getFields()).map((field) => ({
          name: field.name,
          type: field.type,
          ...(field.description != null && { description: field.description }),
        }))
      : [];
  }
  return members;
}
