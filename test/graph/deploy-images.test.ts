import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import type { Dockerfile, From, Instruction } from 'dockerfile-ast';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../router/config/config.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const manifest = z
  .object({ bin: z.record(z.string(), z.string()), files: z.array(z.string()) })
  .parse(JSON.parse(read('package.json')));

describe.each(['deploy/Dockerfile', 'deploy/shop/Dockerfile'])('%s', (file) => {
  const dockerfile = DockerfileParser.parse(read(file));

  it('is valid, and copies only what the context and earlier stages have', () => {
    expect(validate(read(file)).map(({ message }) => message)).toEqual([]);
    const context = dockerfile.getCOPYs().filter((copy) => copy.getFromFlag() === null);
    const sources = context.flatMap((copy) => operands(copy).slice(0, -1));
    expect(sources.length).toBeGreaterThan(4);
    expect(sources.filter((source) => !existsSync(join(root, source)) || isIgnored(source))).toEqual([]);
    const names = stages(dockerfile).map((stage) => stage.getBuildStage());
    const from = dockerfile.getCOPYs().flatMap((copy) => copy.getFromFlag()?.getValue() ?? []);
    expect(from.filter((name) => !names.includes(name))).toEqual([]);
  });

  it('runs as a user with a number, without packages for development', () => {
    expect(last(dockerfile, 'USER')).toBe('1000:1000');
    expect(last(dockerfile, 'ENV')).toBe('NODE_ENV=production');
    expect(read(file)).toMatch(/npm ci --omit=dev --omit=optional --ignore-scripts/);
    expect(dockerfile.getFROMs().map((stage) => stage.getImage())).toEqual(
      dockerfile.getFROMs().map(() => 'node:26-slim'),
    );
  });
});

describe('the image of the router', () => {
  const dockerfile = DockerfileParser.parse(read('deploy/Dockerfile'));

  it('builds the package from the sources that its compiler reads', () => {
    const build = z
      .object({ extends: z.string(), include: z.array(z.string()) })
      .parse(JSON.parse(read('tsconfig.build.json')));
    const copied = sourcesOf(dockerfile, 0);
    expect(copied).toEqual(
      expect.arrayContaining([...build.include, build.extends.replace('./', ''), 'tsconfig.build.json']),
    );
    expect(
      manifest.files.filter(
        (name) => name !== 'dist' && !copied.includes(name) && !copied.includes(name.split('/')[0] ?? ''),
      ),
    ).toEqual([]);
  });

  it('starts the command of the package, and checks its health on the port that it opens', () => {
    expect(JSON.parse(last(dockerfile, 'ENTRYPOINT'))).toEqual(Object.keys(manifest.bin));
    expect(JSON.parse(last(dockerfile, 'CMD'))).toEqual(['serve']);
    expect(read('deploy/Dockerfile')).toContain(
      `ln -s /app/${manifest.bin['tributary']} /usr/local/bin/tributary`,
    );
    const config = loadConfig({ ROUTER_CONFIG: 'deploy/image/router.yaml', NODE_ENV: 'production' }, root);
    expect(config).toMatchObject({ listen: { host: '0.0.0.0', port: 4000 }, health: { host: '0.0.0.0' } });
    expect(last(dockerfile, 'HEALTHCHECK')).toContain(`?? ${config.health.port}}/readyz`);
    expect(last(dockerfile, 'EXPOSE')).toBe(`${config.listen.port} ${config.health.port}`);
  });

  it('has a bill of materials and the labels of the OCI', () => {
    expect(read('deploy/Dockerfile')).toContain('--sbom-format cyclonedx > sbom.cdx.json');
    for (const name of ['title', 'description', 'licenses', 'version', 'revision'])
      expect(last(dockerfile, 'LABEL')).toContain(`org.opencontainers.image.${name}=`);
  });
});

function stages(dockerfile: Dockerfile): readonly From[] {
  return dockerfile.getFROMs();
}

/** The sources from the context that a stage copies. */
function sourcesOf(dockerfile: Dockerfile, stage: number): readonly string[] {
  const starts = stages(dockerfile).map((from) => from.getRange().start.line);
  const isInside = ({ start }: { readonly start: { readonly line: number } }) =>
    start.line > (starts[stage] ?? 0) && start.line < (starts[stage + 1] ?? Infinity);
  const copies = dockerfile
    .getCOPYs()
    .filter((copy) => isInside(copy.getRange()) && copy.getFromFlag() === null);
  return copies.flatMap((copy) => operands(copy).slice(0, -1));
}

function operands(instruction: Instruction): readonly string[] {
  return instruction
    .getArguments()
    .map((argument) => argument.getValue())
    .filter((value) => !value.startsWith('--'));
}

/** Returns the arguments of the last instruction of a kind. */
function last(dockerfile: Dockerfile, keyword: string): string {
  const found = dockerfile.getInstructions().findLast((instruction) => instruction.getKeyword() === keyword);
  return found?.getRawArgumentsContent() ?? '';
}

/** Everything is ignored but the paths after `!`. */
function isIgnored(path: string): boolean {
  const [all, ...lines] = read('.dockerignore').trim().split('\n');
  expect(all).toBe('*');
  return !lines.some((line) => line === `!${path}` || path.startsWith(`${line.slice(1)}/`));
}
