import { readFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const MAX_GZIP_BYTES = 600 * 1024;

const SCRIPT = 'console/main.tsx';
const STYLES = 'console/styles/main.css';

const root = join(import.meta.dirname, '..', '..');

/** Where a clone keeps the bundled console. */
export const CONSOLE_FOLDER = join(root, 'console', 'dist');

/**
 * Bundles the console into `index.html` and `assets/` of a folder, and returns a line that says how large it
 * is. Returns undefined where esbuild, a development dependency, is not installed.
 */
export async function bundleConsole(folder: string): Promise<string | undefined> {
  const esbuild = await import('esbuild').catch(() => undefined);
  if (esbuild === undefined) return undefined;
  const { outputFiles, metafile } = await esbuild.build({
    entryPoints: [SCRIPT, STYLES],
    absWorkingDir: root,
    outdir: join(folder, 'assets'),
    tsconfig: join(root, 'console', 'tsconfig.json'),
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2023',
    minify: true,
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    define: { 'process.env.NODE_ENV': '"production"', 'globalThis.process': 'undefined' },
    legalComments: 'linked',
    metafile: true,
    write: false,
    logLevel: 'warning',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]));
  const outputOf = (entry: string) =>
    Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === entry)?.[0];
  const page = pageFor(outputOf(SCRIPT), outputOf(STYLES));
  const size = sizeOf(page, files);
  await writeAssets(folder, page, files);
  return size;
}

function pageFor(script: string | undefined, styles: string | undefined): string {
  if (script === undefined || styles === undefined)
    throw new Error('bug: the bundle of the console has no script or no styles');
  return readFileSync(join(root, 'console', 'index.html'), 'utf8')
    .replace('/assets/main.js', `/assets/${basename(script)}`)
    .replace('/assets/main.css', `/assets/${basename(styles)}`);
}

type Files = ReadonlyMap<string, Uint8Array>;

function sizeOf(page: string, files: Files): string {
  const sent = [...files].filter(([name]) => !name.endsWith('.txt')).map(([, contents]) => contents);
  const bytes = [...sent, Buffer.from(page)].map((contents) => gzipSync(contents).length);
  const total = bytes.reduce((sum, count) => sum + count, 0);
  if (total > MAX_GZIP_BYTES)
    throw new Error(`the console has ${total} bytes gzipped, at most ${MAX_GZIP_BYTES} are allowed`);
  return `console built: ${sent.length} assets, ${Math.ceil(total / 1024)} KB gzipped`;
}

/** Writes the page last, so that a router which serves the folder never sends a page without its assets. */
async function writeAssets(folder: string, page: string, files: Files): Promise<void> {
  const assets = join(folder, 'assets');
  await mkdir(assets, { recursive: true });
  for (const [name, contents] of files) await replaceFile(join(assets, name), contents);
  await replaceFile(join(folder, 'index.html'), page);
  const stale = (await readdir(assets)).filter((name) => !files.has(name) && !name.endsWith('.tmp'));
  for (const name of stale) await rm(join(assets, name), { force: true });
}

async function replaceFile(path: string, contents: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, contents);
  await rename(temporary, path);
}
