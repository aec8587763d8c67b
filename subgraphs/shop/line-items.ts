import { fail } from '../shared/errors.ts';
import { readId } from './ids.ts';

/** A quantity of one product, in an order or a reservation. */
export type LineItem = { readonly productId: string; readonly quantity: number };

const maxItems = 50;
const maxQuantity = 1000;

/** Validates the items of an order or reservation, and sorts them so that equal requests are equal values. */
export function readLineItems(items: readonly LineItem[]): readonly LineItem[] {
  if (items.length < 1 || items.length > maxItems) {
    fail('BAD_USER_INPUT', `"items" must name 1 to ${maxItems} products, not ${items.length}.`);
  }
  const productIds = new Set(items.map((item) => item.productId));
  if (productIds.size < items.length) fail('BAD_USER_INPUT', '"items" must name each product only once.');
  if (items.some(({ quantity }) => quantity < 1 || quantity > maxQuantity)) {
    fail('BAD_USER_INPUT', `"quantity" must be 1 to ${maxQuantity}.`);
  }
  return items
    .map(({ productId, quantity }) => ({ productId: readId('productId', productId), quantity }))
    .sort((one, other) => (one.productId < other.productId ? -1 : 1));
}
