import type { Context } from '@opentelemetry/api';

/**
 * An OpenTelemetry context that adds one value to another context. Every request creates several contexts, so
 * this must be cheap: OpenTelemetry's own class copies a map and creates three functions for each.
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

/** The OpenTelemetry context of a request before its headers are read. */
export const EMPTY_CONTEXT: Context = new LayeredContext();
