import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { cargoVersions } from '../targets/cargo-packages.ts';
import { competitorFolder } from '../targets/competitor-packages.ts';
import { isPinned } from './program.ts';

export type RunInfo = {
  readonly command: string;
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly versions: Readonly<Record<string, string>>;
};

const root = join(import.meta.dirname, '..', '..');

export function describeRun(args: readonly string[]): RunInfo {
  return {
    command: ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' '),
    date: new Date().toISOString(),
    commit:
      git('rev-parse', '--short', 'HEAD') +
      (git('status', '--porcelain', 'router') === '' ? '' : ', changed'),
    machine: describeMachine(),
    versions: {
      node: process.versions.node,
      ...cargoVersions(),
      ...versionsIn(root, ['@apollo/gateway', '@apollo/server', 'undici']),
      ...versionsIn(competitorFolder, [
        '@graphql-hive/gateway',
        '@mercuriusjs/gateway',
        'mercurius',
        '@grafbase/cli-x86_64-unknown-linux-musl',
        'express',
      ]),
    },
  };
}

function describeMachine(): string {
  const [cpu] = cpus();
  const cores = cpus().length;
  const memory = Math.round(totalmem() / 2 ** 30);
  const pinning = isPinned()
    ? 'gateway on one core, load and subgraphs on the other'
    : 'nothing pinned to a core';
  return `${cores} × ${cpu?.model.trim()}, ${memory} GiB, ${type()} ${release()} ${arch()}; ${pinning}`;
}

function versionsIn(folder: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const file = join(folder, 'node_modules', name, 'package.json');
      return existsSync(file) ? [[name, String(JSON.parse(readFileSync(file, 'utf8')).version)]] : [];
    }),
  );
}

function git(...args: readonly string[]): string {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}
