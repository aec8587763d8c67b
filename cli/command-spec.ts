/** An option of a command, as it is documented and parsed. */
export type OptionSpec = {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** Name of the value in the usage text. */
  readonly value?: string;
  /** Value of a string option that is not given. */
  readonly default?: string;
  /** The only values that a string option accepts. */
  readonly choices?: readonly string[];
  /** Rejects a call without this string option. */
  readonly required?: boolean;
  /** Allows several values. */
  readonly multiple?: boolean;
  readonly description: string;
};

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/** A command, as it is documented and parsed. */
export type CommandSpec<Options extends OptionSpecs = OptionSpecs> = {
  /** The command as a user types it: `npm run check`, or the verb of `tributary`. */
  readonly name: string;
  readonly summary: string;
  /** Arguments that are not options; none are accepted without it. Names of optional ones are in brackets. */
  readonly positionals?: {
    readonly name: string;
    readonly max: number;
    readonly description: string;
    readonly choices?: readonly string[];
  };
  readonly options: Options;
  /** Calls that the help and the documentation show. */
  readonly examples?: readonly string[];
  /** Describes the arguments after `--`; they are rejected without it. */
  readonly passedOn?: string;
};

type ValueOf<Option> = Option extends { readonly choices: readonly (infer Choice)[] } ? Choice : string;

type Values<Options> = {
  readonly [Name in keyof Options]: Options[Name] extends { readonly type: 'boolean' }
    ? boolean
    : Options[Name] extends { readonly multiple: true }
      ? readonly string[]
      : Options[Name] extends { readonly default: string } | { readonly required: true }
        ? ValueOf<Options[Name]>
        : ValueOf<Options[Name]> | undefined;
};

/** The arguments of one call of a command. */
export type CommandLine<Options> = {
  readonly values: Values<Options>;
  readonly positionals: readonly string[];
  /** Arguments after `--`. */
  readonly passedOn: readonly string[];
};

/** Wrong arguments of a command. */
export class MisuseError extends Error {}

/**
 * Reads the text of an option as a number.
 * @throws {MisuseError} unless it is above zero, and an integer if `whole` is set
 */
export function positiveNumber(option: string, text: string, { whole = false, max = Infinity } = {}): number {
  // `Number` would also accept 1e3, 0x50 and a text with blanks.
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (number > 0 && number <= max && (!whole || Number.isInteger(number))) return number;
  const most = max === Infinity ? '' : ` and at most ${max}`;
  throw new MisuseError(`--${option} must be a ${whole ? 'whole ' : ''}number above 0${most}, not "${text}"`);
}

const MAX_PORT = 65_535;

/**
 * Returns the text of the option `--port` if it is a port. 0 stands for any free port.
 * @throws {MisuseError} unless it is a whole number from 0 to 65535
 */
export function portOption(text: string): string {
  if (/^\d+$/.test(text) && Number(text) <= MAX_PORT) return text;
  throw new MisuseError(`--port must be a whole number from 0 to ${MAX_PORT}, not "${text}"`);
}
