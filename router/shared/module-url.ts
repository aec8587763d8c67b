import { extname } from 'node:path';

/**
 * Returns the URL of a module that is started in a worker thread or process. Its file ends with `.ts` when
 * the router runs from its sources, and with `.js` in the published package.
 * @param name path of the module without its ending, relative to the module at `base`
 */
export function moduleUrl(name: string, base: string): URL {
  return new URL(`${name}${extname(base)}`, base);
}
