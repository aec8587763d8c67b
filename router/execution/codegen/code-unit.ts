/**
 * A unit of generated code: functions that call each other and use values created outside the unit. Names
 * from clients and subgraphs get into the code only through `literal`, which escapes them. All other values
 * are passed as constants, so that no request can inject code.
 */
export class CodeUnit {
  readonly #constants: unknown[] = [];
  readonly #functions: string[] = [];

  /** Makes a value available to the generated code. Returns the name by which the code refers to it. */
  constant(value: unknown): string {
    const known = this.#constants.indexOf(value);
    return `k${known === -1 ? this.#constants.push(value) - 1 : known}`;
  }

  /** Adds a function to the generated code and returns its name. */
  define(parameters: string, body: string): string {
    const name = `f${this.#functions.length}`;
    this.#functions.push(`function ${name}(${parameters}){${body}}`);
    return name;
  }

  /** Evaluates a JavaScript expression that may call the functions added by `define`. */
  evaluate(expression: string): unknown {
    const names = this.#constants.map((_, index) => `k${index}`);
    // oxlint-disable-next-line typescript/no-implied-eval -- the only place that evaluates code
    const build: unknown = new Function(
      ...names,
      `"use strict";${this.#functions.join('')}return ${expression};`,
    );
    if (typeof build !== 'function') throw new Error('bug: the generated code is not a function');
    return build(...this.#constants);
  }
}

/** Returns the JavaScript literal of a string: its JSON text. */
export function literal(text: string): string {
  return JSON.stringify(text);
}

/**
 * Returns the JavaScript expression that reads an own property of an object. A name such as `constructor`,
 * which every object inherits, is read through `readOwn`.
 * @param readOwn the function `readOwn` of `router/shared/json.ts`
 */
export function propertyRead(unit: CodeUnit, object: string, key: string, readOwn: unknown): string {
  return key in Object.prototype
    ? `${unit.constant(readOwn)}(${object},${literal(key)})`
    : `${object}[${literal(key)}]`;
}
