import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql';
import type { GraphQLLeafType } from 'graphql';
import { jsonText, quote } from '../../shared/json.ts';
import type { CodeUnit } from '../codegen/code-unit.ts';
import { idText } from './completion-run.ts';

/**
 * Returns two expressions for generated JavaScript code, in which the variable `x` has the value of a leaf
 * field: one that is true if the value has the given type, and one for its JSON text.
 */
export function writeLeaf(unit: CodeUnit, type: GraphQLLeafType): readonly [condition: string, text: string] {
  if (isEnumType(type)) {
    const texts = new Map(type.getValues().map(({ name }) => [name, JSON.stringify(name)]));
    const constant = unit.constant(texts);
    return [`(t=${constant}.get(x))!==undefined`, 't'];
  }
  switch (type.name) {
    case GraphQLString.name:
      return ['typeof x==="string"', `${unit.constant(quote)}(x)`];
    case GraphQLInt.name:
      return ['(x|0)===x', '""+x'];
    case GraphQLFloat.name:
      return ['typeof x==="number"&&x-x===0', '""+x'];
    case GraphQLBoolean.name:
      return ['typeof x==="boolean"', '(x?"true":"false")'];
    case GraphQLID.name:
      return [`(t=${unit.constant(idText)}(x))!==null`, 't'];
    default:
      return ['x!==undefined&&x!==null', `${unit.constant(jsonText)}(x)`];
  }
}
