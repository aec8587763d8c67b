import { shownUrl } from '../../shared/error-message.ts';

/** Returns the name of a registry and its graph for messages, without credentials. */
export function registryName({ url, graph }: { readonly url: string; readonly graph: string }): string {
  return `${graph} at ${shownUrl(url)}`;
}
