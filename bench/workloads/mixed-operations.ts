import type { Operation } from '../graph/supergraph.ts';

const ORDER_FIELDS = ['number', 'status', 'placedAt', 'totalAmount { amount }', 'customer { name email }'];
const PRODUCT_FIELDS = [
  'name',
  'sku',
  'price { amount currency }',
  'stock { available }',
  'shippingEstimate(postalCode: "20457") { minDays }',
];

/** Returns distinct operations: each selects another subset of the fields of an order and a product. */
export function mixedOperations(count: number): readonly Operation[] {
  return Array.from({ length: count }, (_, index) => ({
    query: `query Mixed($id: ID!) { order(id: $id) { id ${choice(ORDER_FIELDS, index)} items { quantity product { id ${choice(PRODUCT_FIELDS, index >> ORDER_FIELDS.length)} } } } }`,
    variables: { id: `order-${index % 20}` },
  }));
}

/** Returns the fields whose bits are set. */
function choice(fields: readonly string[], bits: number): string {
  return fields.filter((_, index) => (bits & (1 << index)) !== 0).join(' ');
}
