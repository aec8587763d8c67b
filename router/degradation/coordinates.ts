import { isInterfaceType, isObjectType } from 'graphql';
import type { GraphQLField, GraphQLSchema } from 'graphql';

/**
 * Returns the fields that a configured coordinate such as `Product.inStock` applies to. For a field of an
 * interface, these include the same field of all types that implement the interface.
 */
export function fieldsAt(
  schema: GraphQLSchema,
  coordinate: string,
): readonly GraphQLField<unknown, unknown>[] {
  const [typeName = '', fieldName = ''] = coordinate.split('.');
  const type = schema.getType(typeName);
  if (!isObjectType(type) && !isInterfaceType(type)) return [];
  const types = isInterfaceType(type) ? [type, ...schema.getPossibleTypes(type)] : [type];
  return types.flatMap((one) => one.getFields()[fieldName] ?? []);
}

/**
 * Returns a function that finds the configured setting of a field, such as `Book.price`. If a field has no
 * setting, the one for the same field of an interface applies. Settings of fields that the schema lacks are
 * ignored.
 */
export function settingOf<Setting>(
  schema: GraphQLSchema,
  settings: ReadonlyMap<string, Setting>,
): ((typeName: string, fieldName: string) => Setting | undefined) | undefined {
  if (settings.size === 0) return undefined;
  return (typeName, fieldName) => {
    const own = settings.get(`${typeName}.${fieldName}`);
    if (own !== undefined) return own;
    const type = schema.getType(typeName);
    if (!isObjectType(type) && !isInterfaceType(type)) return undefined;
    for (const { name } of type.getInterfaces()) {
      const inherited = settings.get(`${name}.${fieldName}`);
      if (inherited !== undefined) return inherited;
    }
    return undefined;
  };
}
