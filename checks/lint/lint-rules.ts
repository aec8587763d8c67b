import { z } from 'zod';

export type LintLevel = 'error' | 'warning' | 'off';

type LintRuleText = {
  /** Level without a setting. */
  readonly level: LintLevel;
  /** The demand of the rule, for its documentation. */
  readonly demand: string;
};

/** The rules of lint by code. The keys are the type of codes. */
export const LINT_RULES = {
  TYPE_NAME_CASE: { level: 'warning', demand: 'Names of types are in Pascal case: `OrderItem`.' },
  FIELD_NAME_CASE: {
    level: 'warning',
    demand: 'Names of fields, arguments and input fields are in camel case: `orderItem`.',
  },
  ENUM_VALUE_CASE: { level: 'warning', demand: 'Values of enums are in upper case: `ORDER_PAID`.' },
  DESCRIPTION_MISSING: { level: 'off', demand: 'Types and fields have a description.' },
  DEPRECATION_REASON_MISSING: {
    level: 'warning',
    demand: '`@deprecated` has a reason that names what to use instead.',
  },
  NULLABILITY_DIFFERS: {
    level: 'warning',
    demand: 'A field is non-null in all subgraphs that resolve it, or in none.',
  },
  NON_NULL_ACROSS_SUBGRAPHS: {
    level: 'warning',
    demand:
      'A field of an entity that another subgraph than that of its parent resolves is nullable. If that call fails, a non-null field removes its parent from the response.',
  },
  LIST_SIZE_MISSING: {
    level: 'warning',
    demand: 'A list of objects with an argument such as `first` names it in `@listSize(slicingArguments:)`.',
  },
  LIST_UNBOUNDED: {
    level: 'warning',
    demand:
      'A list of entities has an argument that limits it, such as `first`, or `@listSize(assumedSize:)`.',
  },
} as const satisfies Readonly<Record<string, LintRuleText>>;

/** Code of a rule. */
export type LintRule = keyof typeof LINT_RULES;

const rule = z.enum(Object.keys(LINT_RULES) as [LintRule, ...LintRule[]]);

/** Settings of lint, as JSON. */
export const lintSettings = z.strictObject({
  /** Levels of rules that differ from their defaults. */
  rules: z.partialRecord(rule, z.enum(['error', 'warning', 'off'])).default({}),
  /**
   * Coordinates that each rule ignores: of types (`Order`), of their members (`Order.items`), or of all
   * members of a type (`Order.*`).
   */
  ignore: z.partialRecord(rule, z.array(z.string().min(1))).default({}),
});

export type LintSettings = z.output<typeof lintSettings>;

export const DEFAULT_LINT: LintSettings = { rules: {}, ignore: {} };

/** A finding of a rule before the settings apply. */
export type RuleFinding = {
  readonly rule: LintRule;
  readonly coordinate: string;
  readonly message: string;
  readonly subgraph?: string;
  readonly line?: number;
  readonly column?: number;
};

/** Returns the level of a rule for a coordinate. */
export function levelOf({ rule, coordinate }: RuleFinding, { rules, ignore }: LintSettings): LintLevel {
  const [type = ''] = coordinate.split('.');
  const ignored = [coordinate, ...(coordinate === type ? [] : [`${type}.*`])];
  if (ignore[rule]?.some((pattern) => ignored.includes(pattern)) === true) return 'off';
  return rules[rule] ?? LINT_RULES[rule].level;
}
