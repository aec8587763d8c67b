import type { ASTNode } from 'graphql';
import type { Reason, Verdict } from '../report.ts';

/** An effect of a change on a part of an operation. */
export type Effect = {
  readonly verdict: Exclude<Verdict, 'safe'>;
  readonly code: string;
  readonly coordinate: string | null;
  readonly message: string;
  /** The part of the operation. */
  readonly node: ASTNode;
};

/** Collects the reasons for the result of an operation, one for each code and coordinate. */
export class ReasonList {
  readonly #effects = new Map<string, Effect>();
  readonly #breaking: Effect[] = [];

  /** Adds an effect. Of several with the same code and coordinate, the first of the worst ones is kept. */
  add(effect: Effect): void {
    if (effect.verdict === 'breaks') this.#breaking.push(effect);
    const key = `${effect.code} ${effect.coordinate}`;
    const known = this.#effects.get(key);
    if (known === undefined || (known.verdict === 'changes' && effect.verdict === 'breaks'))
      this.#effects.set(key, effect);
  }

  addAll(list: ReasonList): void {
    for (const effect of [...list.#breaking, ...list.#effects.values()]) this.add(effect);
  }

  /** Returns the effect that breaks a part of the operation that contains a node. */
  breaking(node: ASTNode): Effect | undefined {
    return this.#breaking.find((effect) => contains(effect.node, node));
  }

  verdict(): Verdict {
    const verdicts = new Set([...this.#effects.values()].map(({ verdict }) => verdict));
    if (verdicts.has('breaks')) return 'breaks';
    return verdicts.has('changes') ? 'changes' : 'safe';
  }

  /** Returns the reasons, those that break the operation first. */
  reasons(): readonly Reason[] {
    const { breaks = [], changes = [] } = Object.groupBy(this.#effects.values(), ({ verdict }) => verdict);
    return [...breaks, ...changes].map(({ node, ...reason }) => ({ ...reason, ...positionOf(node) }));
  }
}

/** Whether a node of a document lies within another one. */
export function contains(outer: ASTNode, inner: ASTNode): boolean {
  const { loc: a } = outer;
  const { loc: b } = inner;
  return a !== undefined && b !== undefined && a.start <= b.start && b.end <= a.end;
}

function positionOf({ loc }: ASTNode): Pick<Reason, 'line' | 'column'> {
  return loc === undefined ? {} : { line: loc.startToken.line, column: loc.startToken.column };
}
