import { extname } from 'node:path';

/**
 * Returns the URL of a module for a worker thread or process. The repository runs TypeScript sources and the
 * package JavaScript, so the ending of the file differs.
 * @param name path of the module without its ending, relative to the module at `base`
 */
export function moduleUrl(name: string, base: string): URL {
  return new URL(`${name}${extname(base)}`, base);
}
