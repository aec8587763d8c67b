import { cpSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../servers/free-port.ts';
import type { ShopFolder } from './start-command.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Returns the pages that users and developers read, by their path in the repository. */
export function documentationFiles(): readonly string[] {
  const patterns = ['*.md', 'docs/**/*.md', 'router/**/*.md', 'test/**/*.md', 'bench/*.md'];
  return globSync(patterns, { cwd: root }).sort((a, b) => a.localeCompare(b));
}

export function readPage(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/**
 * Returns the code blocks of a language in a Markdown text, without the indentation of the list that contains
 * them.
 */
export function codeBlocks(markdown: string, language: string): readonly string[] {
  const blocks = markdown.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([^]*?)^ *\`\`\`$`, 'gm'));
  return [...blocks].map(([, indent = '', code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** Returns the Markdown text without its code blocks. */
export function prose(markdown: string): string {
  return markdown.replaceAll(/^ *```\w*\n[^]*?^ *```$/gm, '');
}

/** Folders and files of a clone that `npm start` reads. */
const PROGRAM = [
  'bin',
  'checks',
  'cli',
  'console',
  'database',
  'registry',
  'router',
  'subgraphs',
  'package.json',
  'tsconfig.json',
];

/**
 * Follows docs/adding-a-subgraph.md in a copy of the program, and in the supergraph.yaml of a shop.
 * @returns the folder of the copy, and the port of the new subgraph.
 */
export async function followRecipe(
  shop: ShopFolder,
): Promise<{ readonly folder: string; readonly port: number }> {
  const folder = join(shop.path, 'program');
  for (const part of PROGRAM) cpSync(join(root, part), join(folder, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));

  const port = await freePort();
  const subgraph = join(folder, 'subgraphs', 'review');
  mkdirSync(subgraph);
  for (const { file, code } of recipeSteps()) {
    if (file !== 'supergraph.yaml') writeFileSync(join(subgraph, file), code);
    else
      writeFileSync(
        join(shop.path, file),
        readFileSync(join(shop.path, file), 'utf8') +
          code.replace('4006', String(port)).replace('./subgraphs/', `${folder}/subgraphs/`),
      );
  }
  return { folder, port };
}

/** Returns the files that the recipe's steps name, each with the step's code. */
function recipeSteps(): readonly { readonly file: string; readonly code: string }[] {
  const page = readPage('docs/adding-a-subgraph.md');
  // The text of a step ends at the next step or heading.
  const steps = page.matchAll(
    /^\d+\. ((?:(?!^\d+\. |^## )[^])*?)^( *)```(?:graphql|ts|yaml)\n([^]*?)^ *```$/gm,
  );
  return [...steps].map(([, text = '', indent = '', code = '']) => ({
    file: /`([\w-]+\.(?:graphql|ts|yaml))`/.exec(text)?.[1] ?? '',
    code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }));
}
