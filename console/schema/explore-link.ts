import { linkTo } from '../frame/location.ts';

/** Returns a link that opens an operation in the editor. */
export function exploreLink(operation: string): string {
  return linkTo('explore', [], { query: operation });
}
