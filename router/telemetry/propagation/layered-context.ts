import type { Context } from '@opentelemetry/api';

/**
 * A context of OpenTelemetry that adds one value to another context. Every request has several contexts, each
 * with one value more. The context of the library copies a map and creates three functions for each of them.
 */
class LayeredContext implements Context {
  readonly #below: Context | undefined;
  readonly #key: symbol | undefined;
  readonly #value: unknown;

  constructor(below?: Context, key?: symbol, value?: unknown) {
    this.#below = below;
    this.#key = key;
    this.#value = value;
  }

  getValue(key: symbol): unknown {
    return key === this.#key ? this.#value : this.#below?.getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return new LayeredContext(this, key, value);
  }

  deleteValue(key: symbol): Context {
    return new LayeredContext(this, key, undefined);
  }
}

/** The context of a request before its headers are read. */
export const EMPTY_CONTEXT: Context = new LayeredContext();
