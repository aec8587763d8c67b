import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { keepCase, readCases } from '../support/runs/kept-cases.ts';

let path: string;
let folder: URL;
beforeEach(() => {
  path = mkdtempSync(join(tmpdir(), 'tributary-cases-'));
  folder = pathToFileURL(`${path}/`);
});
afterEach(() => rmSync(path, { recursive: true, force: true }));

describe('a kept case', () => {
  it('is named after its fault and read back unchanged', () => {
    const name = keepCase(folder, { seed: 'a' }, { fault: 'Status is 500, not 200', identity: 1 });
    expect(name).toMatch(/^status-is-not-[\da-f]+\.json$/);
    expect(readCases(folder)).toEqual([{ name, case: { seed: 'a' } }]);
  });

  it('replaces the case of the same identity, whatever its fault was', () => {
    const name = keepCase(folder, { seed: 'a' }, { fault: 'null without error', identity: 1 });
    expect(keepCase(folder, { seed: 'b' }, { fault: 'wrong value', identity: 1 })).toBe(name);
    expect(readCases(folder)).toEqual([{ name, case: { seed: 'b' } }]);
  });

  it('is stored beside cases of another identity with the same fault', () => {
    for (const identity of [1, 2]) keepCase(folder, { identity }, { fault: 'wrong value', identity });
    expect(readdirSync(path)).toHaveLength(2);
  });

  it('has a file name of at most six words', () => {
    const fault = 'the error "E3.added" is at b.0, which is not in the response';
    expect(keepCase(folder, {}, { fault, identity: 1 })).toMatch(/^the-error-e3-added-is-at-[\da-f]+\.json$/);
  });
});
