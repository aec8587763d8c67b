import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { IncomingHttpHeaders } from 'node:http';
import type { ClientResponse } from '../../request/client-request.ts';

/** Serves the files of the console's web page, which `bin/build-console.ts` has built. */
export type ConsolePage = {
  readonly page: () => ClientResponse;
  /**
   * Returns the script, style or image below `/console/assets/`; undefined if there is none with this name.
   */
  readonly asset: (name: string, headers: IncomingHttpHeaders) => ClientResponse | undefined;
};

/** Content security policy of the page: no inline scripts, and requests only to the page's own origin. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
};

const COMPRESSED: ReadonlySet<string> = new Set(['.js', '.css', '.svg', '.json', '.map']);

/**
 * Matches the names of scripts, styles and images. The names contain a hash of the content, so browsers may
 * cache these files forever.
 */
const ASSET_NAME = /^[\w-][\w.-]*$/;

/**
 * Creates the functions that serve the page and its assets.
 * @param folder folder with `index.html` and `assets/`; by default the one that was built
 */
export function createConsolePage(folder: URL = builtFolder()): ConsolePage {
  const compressed = new Map<string, Buffer>();

  function compress(name: string, content: Buffer): Buffer {
    const kept = compressed.get(name) ?? gzipSync(content);
    compressed.set(name, kept);
    return kept;
  }

  return {
    page() {
      const html = read(new URL('index.html', folder));
      return {
        status: html === undefined ? 503 : 200,
        headers: {
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-cache',
          'content-security-policy': POLICY,
        },
        body: html ?? NOT_BUILT,
      };
    },
    asset(name, { 'accept-encoding': accepted }) {
      const type = TYPES[extname(name)];
      if (!ASSET_NAME.test(name) || type === undefined) return undefined;
      const content = read(new URL(`assets/${name}`, folder));
      if (content === undefined) return undefined;
      const isCompressed = COMPRESSED.has(extname(name)) && /\bgzip\b/.test(String(accepted));
      return {
        status: 200,
        headers: {
          'content-type': type,
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'accept-encoding',
          ...(isCompressed && { 'content-encoding': 'gzip' }),
        },
        body: isCompressed ? compress(name, content) : content,
      };
    },
  };
}

const NOT_BUILT = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tributary</title>
<h1>The console is not built</h1>
<p>Run <code>npm run console</code> in the repository, then reload this page.</p>
</html>
`;

/** Returns the folder of the built files: `console/dist` in the repository, `dist/console` in the package. */
function builtFolder(): URL {
  const inRepository = new URL('../../../console/dist/', import.meta.url);
  const inPackage = new URL('../../../console/', import.meta.url);
  return existsSync(new URL('index.html', inRepository)) ? inRepository : inPackage;
}

function read(file: URL): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
