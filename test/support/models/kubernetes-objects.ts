import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as monitoring from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';
import * as apps from 'kubernetes-models/apps/v1';
import * as autoscaling from 'kubernetes-models/autoscaling/v2';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { z } from 'zod';
import { messageOf } from '../../../router/shared/error-message.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** Modules with the schema of each kind, by version of the API. */
const MODULES: Readonly<Record<string, { readonly name: string; readonly models: object }>> = {
  v1: { name: 'kubernetes-models/v1', models: core },
  'apps/v1': { name: 'kubernetes-models/apps/v1', models: apps },
  'autoscaling/v2': { name: 'kubernetes-models/autoscaling/v2', models: autoscaling },
  'networking.k8s.io/v1': { name: 'kubernetes-models/networking.k8s.io/v1', models: networking },
  'policy/v1': { name: 'kubernetes-models/policy/v1', models: policy },
  'monitoring.coreos.com/v1': {
    name: '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1',
    models: monitoring,
  },
};

/** An object of the API of Kubernetes. */
export type KubernetesObject = z.infer<typeof objectSchema>;

const objectSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});

/** @throws {z.ZodError} unless the value has a version, a kind and a name */
export function kubernetesObject(value: unknown): KubernetesObject {
  return objectSchema.parse(value);
}

/** Returns `KIND NAME: problem` for each object that breaks the schema of its kind. */
export function schemaProblems(objects: readonly KubernetesObject[]): readonly string[] {
  return objects.map(schemaProblem).filter((problem) => problem !== undefined);
}

const modelSchema = z.object({ validate: z.instanceof(Function) });

function schemaProblem(object: KubernetesObject): string | undefined {
  const Model: unknown = Reflect.get(MODULES[object.apiVersion]?.models ?? {}, object.kind);
  if (typeof Model !== 'function') return `${object.kind} is not in ${object.apiVersion}`;
  const model: unknown = Reflect.construct(Model, [object]);
  try {
    Reflect.apply(modelSchema.parse(model).validate, model, []);
    return undefined;
  } catch (error) {
    return `${object.kind} ${object.metadata.name}: ${messageOf(error)}`;
  }
}

/**
 * Returns the compiler's errors for fields that Kubernetes does not know, which its schemas permit. The
 * compiler rejects unknown properties of an object literal.
 */
export function unknownFields(objects: readonly KubernetesObject[]): readonly string[] {
  const cache = join(root, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  // Below the project, so that the compiler finds the types.
  const folder = mkdtempSync(join(cache, 'manifests-'));
  try {
    writeFileSync(join(folder, 'objects.ts'), objects.map(declaration).join(''));
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const flags = ['--noEmit', '--skipLibCheck', '--module', 'nodenext', '--target', 'esnext', '--types', ''];
    const args = [compiler, ...flags, '--pretty', 'false', 'objects.ts', '--ignoreConfig'];
    const { stdout, status } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    if (status === 0) return [];
    return stdout
      .split('\n')
      .filter((line) => line.startsWith('objects.ts'))
      .map((line) => line.replace(/^objects\.ts\(\d+,\d+\): error TS\d+: /, ''));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function declaration(object: KubernetesObject, index: number): string {
  const module = JSON.stringify(MODULES[object.apiVersion]?.name);
  return `export const object${index}: import(${module}).I${object.kind} = ${JSON.stringify(object, null, 1)};\n`;
}
