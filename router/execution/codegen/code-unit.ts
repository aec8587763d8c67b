/**
 * A piece of generated code: functions that call one another, over constants that were made before. Names of a client or of a
 * subgraph enter the text only through `literal`, and everything else by its index among the constants.
 */
export class CodeUnit {
  readonly #constants: unknown[] = [];
  readonly #functions: string[] = [];

  /** The expression for a value that lives outside of the code. */
  constant(value: unknown): string {
    const known = this.#constants.indexOf(value);
    return `k${known === -1 ? this.#constants.push(value) - 1 : known}`;
  }

  /** Defines a function and returns its name. */
  define(parameters: string, body: string): string {
    const name = `f${this.#functions.length}`;
    this.#functions.push(`function ${name}(${parameters}){${body}}`);
    return name;
  }

  /** Evaluates an expression over what was defined. */
  evaluate(expression: string): unknown {
    const names = this.#constants.map((_, index) => `k${index}`);
    // oxlint-disable-next-line typescript/no-implied-eval -- the one place that makes code, of nothing that a request can name
    const build: unknown = new Function(
      ...names,
      `"use strict";${this.#functions.join('')}return ${expression};`,
    );
    if (typeof build !== 'function') throw new Error('the function constructor made no function');
    return build(...this.#constants);
  }
}

/** A string as JavaScript text: JSON is a subset of it. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

/** The expression that reads an own property; `readOwn` is the constant of that name. */
export function propertyRead(unit: CodeUnit, object: string, key: string, readOwn: unknown): string {
  return key in Object.prototype
    ? `${unit.constant(readOwn)}(${object},${literal(key)})`
    : `${object}[${literal(key)}]`;
}
