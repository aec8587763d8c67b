import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';

/** Returns a plan as a Mermaid flowchart: an arrow leads from each call to the calls that wait for it. */
export function planDiagram({ node }: QueryPlan): string {
  const diagram = new Diagram();
  const ends =
    node === undefined || node.kind === 'Subscription' ? ['start'] : diagram.draw(node, ['start'], {});
  diagram.connect(ends, 'response');
  return `${['flowchart TD', '  start([operation])', ...diagram.lines, '  response([response])'].join('\n')}\n`;
}

type Context = { readonly path?: string; readonly condition?: string };

class Diagram {
  readonly lines: string[] = [];
  #fetches = 0;

  /** Draws a node after the calls in `from`. Returns the calls after which the next node runs. */
  draw(node: PlanNode, from: readonly string[], context: Context): readonly string[] {
    switch (node.kind) {
      case 'Fetch':
        return [this.#drawFetch(node, from, context)];
      case 'Flatten':
        return this.draw(node.node, from, { ...context, path: node.path.join('.') });
      case 'Sequence':
        return node.nodes.reduce((before, next) => this.draw(next, before, context), from);
      case 'Parallel':
        return node.nodes.flatMap((branch) => this.draw(branch, from, context));
      case 'Condition':
        return this.#drawCondition(node, from, context);
      case 'Defer':
        return node.primary.node === undefined ? from : this.draw(node.primary.node, from, context);
    }
  }

  connect(from: readonly string[], to: string, label = ''): void {
    for (const end of new Set(from)) this.lines.push(`  ${end} -->${label} ${to}`);
  }

  #drawFetch({ serviceName }: FetchNode, from: readonly string[], { path, condition }: Context): string {
    this.#fetches += 1;
    const id = `f${this.#fetches}`;
    const at = path === undefined ? '' : `<br>${path.replaceAll('@', '[]')}`;
    this.lines.push(`  ${id}["${serviceName}${at}"]`);
    this.connect(from, id, condition === undefined ? '' : `|"${condition}"|`);
    return id;
  }

  #drawCondition(
    node: Extract<PlanNode, { kind: 'Condition' }>,
    from: readonly string[],
    context: Context,
  ): readonly string[] {
    const branches = [
      { branch: node.ifClause, condition: `$${node.condition}` },
      { branch: node.elseClause, condition: `not $${node.condition}` },
    ];
    return branches.flatMap(({ branch, condition }) =>
      branch === undefined ? from : this.draw(branch, from, { ...context, condition }),
    );
  }
}
