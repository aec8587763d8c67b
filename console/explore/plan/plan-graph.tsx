import { useMemo, useRef } from 'preact/hooks';
import type { TracedFetch } from '../../../router/request/request-trace.ts';
import { count, formatMs } from '../../frame/format.ts';
import { Subgraph, useSubgraphClass } from '../../frame/subgraph.tsx';
import type { PlannedFetch } from '../run/result.ts';
import { pathText } from '../waterfall/waterfall-rows.ts';
import { layoutPlan, NODE } from './plan-layout.ts';
import type { Edge, PlacedFetch } from './plan-layout.ts';

type PlanGraphProps = {
  readonly fetches: readonly PlannedFetch[];
  readonly traced: ReadonlyMap<number, TracedFetch>;
  readonly critical: ReadonlyMap<number, number>;
  readonly selected: number | undefined;
  readonly onSelect: (fetch: number | undefined) => void;
};

/** The fetches of a plan as nodes. Arrow keys move to the nearest node in their direction. */
export function PlanGraph({ fetches, traced, critical, selected, onSelect }: PlanGraphProps) {
  const { nodes, edges, width, height } = useMemo(() => layoutPlan(fetches), [fetches]);
  const box = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent) => {
    const focused = nodes.find(({ fetch }) => document.activeElement?.id === `plan-node-${fetch.id}`);
    const next = focused && nearest(nodes, focused, event.key);
    if (next === undefined) return;
    event.preventDefault();
    document.getElementById(`plan-node-${next.fetch.id}`)?.focus();
  };
  return (
    <div ref={box} class="plan-graph" style={{ width, height }} onKeyDown={onKeyDown}>
      <svg width={width} height={height} aria-hidden="true">
        {edges.map((edge) => (
          <path
            key={`${edge.from.fetch.id}-${edge.to.fetch.id}`}
            class={isCritical(edge, critical) ? 'edge edge-critical' : 'edge'}
            d={curve(edge)}
            style={{
              strokeWidth: 1.2 + Math.log2(1 + (traced.get(edge.to.fetch.id)?.entities ?? edge.entities)) / 2,
            }}
          />
        ))}
      </svg>
      {edges.map((edge) => (
        <span key={`${edge.from.fetch.id}-${edge.to.fetch.id}`} class="edge-key" style={keyPlace(edge)}>
          {edge.key}
        </span>
      ))}
      {nodes.map((node) => (
        <Node
          key={node.fetch.id}
          node={node}
          traced={traced.get(node.fetch.id)}
          isCritical={(critical.get(node.fetch.id) ?? 0) > 0}
          isSelected={node.fetch.id === selected}
          onSelect={() => onSelect(node.fetch.id === selected ? undefined : node.fetch.id)}
        />
      ))}
    </div>
  );
}

function isCritical({ from, to }: Edge, critical: ReadonlyMap<number, number>): boolean {
  return (critical.get(from.fetch.id) ?? 0) > 0 && (critical.get(to.fetch.id) ?? 0) > 0;
}

function curve({ from, to }: Edge): string {
  const [x1, y1] = [from.x + NODE.width, from.y + NODE.height / 2];
  const [x2, y2] = [to.x, to.y + NODE.height / 2];
  const bend = NODE.gapX / 2;
  return `M${x1} ${y1} H${x2 - NODE.gapX} C${x2 - bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

/** The key is written where the edge arrives. */
function keyPlace({ to }: Edge) {
  return { left: to.x - NODE.gapX + 4, top: to.y + NODE.height / 2 - 18, width: NODE.gapX - 8 };
}

function nearest(nodes: readonly PlacedFetch[], from: PlacedFetch, key: string): PlacedFetch | undefined {
  const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
  if (direction === undefined) return undefined;
  const [dx = 0, dy = 0] = direction;
  const ahead = nodes.filter((node) =>
    dx === 0 ? node.x === from.x && (node.y - from.y) * dy > 0 : (node.x - from.x) * dx > 0,
  );
  const distance = (node: PlacedFetch) => Math.abs(node.x - from.x) * 4 + Math.abs(node.y - from.y);
  return [...ahead].sort((a, b) => distance(a) - distance(b))[0];
}

function Node({
  node: { fetch, x, y },
  traced,
  isCritical,
  isSelected,
  onSelect,
}: {
  readonly node: PlacedFetch;
  readonly traced: TracedFetch | undefined;
  readonly isCritical: boolean;
  readonly isSelected: boolean;
  readonly onSelect: () => void;
}) {
  const classOf = useSubgraphClass();
  const entities = traced?.entities ?? fetch.entities ?? 0;
  return (
    <button
      id={`plan-node-${fetch.id}`}
      type="button"
      class={`plan-node ${classOf(fetch.subgraph)}${isCritical ? ' plan-node-critical' : ''}`}
      style={{ left: x, top: y, width: NODE.width, height: NODE.height }}
      aria-pressed={isSelected}
      onClick={onSelect}
    >
      <span class="plan-node-head">
        <Subgraph name={fetch.subgraph} />
        <span class="soft number">
          {traced ? formatMs(traced.mergedMs - traced.startMs) : `#${fetch.id}`}
        </span>
      </span>
      <span class="row-path">{pathText(fetch.path) || 'root fields'}</span>
      <span class="plan-node-foot">
        {entities > 0 && <span class="soft number">{count(entities, 'entity', 'entities')}</span>}
        {fetch.sentWith != null && <span class="soft">{`sent with #${fetch.sentWith}`}</span>}
        {traced && traced.outcome !== 'OK' && <span class="label label-bad">{traced.outcome}</span>}
        {traced && traced.source !== 'subgraph' && <span class="label label-warn">{traced.source}</span>}
        {isCritical && <span class="visually-hidden">on the critical path</span>}
      </span>
    </button>
  );
}
