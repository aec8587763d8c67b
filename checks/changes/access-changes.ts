import { isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import type { Views } from '../operations/comparison.ts';
import { admitsAll, requirementText } from '../operations/requirements.ts';
import type { AccessChange } from '../report.ts';
import { callsOf } from './unlisted-use.ts';
import type { UnlistedUse } from './unlisted-use.ts';
import type { EvaluatedOperation } from './evaluate-changes.ts';

const CODES: ReadonlySet<string> = new Set(['ACCESS_TIGHTENED', 'ACCESS_LOOSENED']);

/** Returns the changed requirements of what both versions have, with the operations that select it. */
export function findAccessChanges(
  { before, after }: Views,
  evaluated: readonly EvaluatedOperation[],
  unlisted: UnlistedUse = {},
): readonly AccessChange[] {
  const coordinates = new Set([...before.requirements.keys(), ...after.requirements.keys()]);
  return [...coordinates]
    .filter((coordinate) => [before, after].every(({ schema }) => isProtectable(schema, coordinate)))
    .flatMap((coordinate) => {
      const [was, is] = [before, after].map(({ requirements }) => requirements.get(coordinate));
      if (JSON.stringify(was) === JSON.stringify(is)) return [];
      const isTightened = is !== undefined && !admitsAll([is], was === undefined ? [] : [was]);
      const calls = isTightened ? callsOf(coordinate, before.schema, unlisted) : 0;
      return [
        {
          coordinate,
          effect: isTightened ? ('tightened' as const) : ('loosened' as const),
          message: `${coordinate} required ${requirementText(was)} and requires ${requirementText(is)}`,
          operations: concernedBy(coordinate, evaluated),
          ...(calls > 0 && { unlistedCalls: calls }),
        },
      ];
    });
}

/** Interfaces are left out: composition derives their requirements from those of their objects. */
function isProtectable(schema: GraphQLSchema, coordinate: string): boolean {
  const [typeName = '', field] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (type === undefined || isInterfaceType(type)) return false;
  return field === undefined || (isObjectType(type) && type.getFields()[field] !== undefined);
}

function concernedBy(coordinate: string, evaluated: readonly EvaluatedOperation[]): readonly string[] {
  return evaluated
    .filter(({ evaluation }) =>
      evaluation.reasons.some((reason) => reason.coordinate === coordinate && CODES.has(reason.code)),
    )
    .map(({ operation }) => operation.id);
}
