import { extname } from 'node:path';

/**
 * Returns the URL of another module for a worker: `name` without its ending, relative to the module at
 * `base`. The repository runs the TypeScript sources, the package runs the emitted JavaScript.
 */
export function moduleUrl(name: string, base: string): URL {
  return new URL(`${name}${extname(base)}`, base);
}
