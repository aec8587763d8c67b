import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';

const STEP = 24;

/** Two panes with a separator that is moved by pointer or arrow keys. The size of the first one is kept. */
export function Split({
  name,
  direction,
  initial,
  min,
  minRest,
  fixed = 'first',
  children,
}: {
  readonly name: string;
  readonly direction: 'row' | 'column';
  /** Pixels of the pane that `fixed` names. */
  readonly initial: number;
  readonly min: number;
  readonly minRest: number;
  readonly fixed?: 'first' | 'second';
  readonly children: readonly [ComponentChildren, ComponentChildren];
}) {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState(() => Number(localStorage.getItem(keyOf(name))) || initial);
  const change = (wanted: number) => {
    const space = (direction === 'row' ? box.current?.clientWidth : box.current?.clientHeight) ?? wanted;
    const next = Math.round(Math.max(min, Math.min(wanted, space - minRest)));
    setSize(next);
    localStorage.setItem(keyOf(name), String(next));
  };
  const sign = fixed === 'first' ? 1 : -1;
  const onPointerDown = (event: PointerEvent & { readonly currentTarget: HTMLElement }) => {
    const handle = event.currentTarget;
    const start = direction === 'row' ? event.clientX : event.clientY;
    handle.setPointerCapture(event.pointerId);
    const drag = new AbortController();
    const move = ({ clientX, clientY }: PointerEvent) =>
      change(size + sign * ((direction === 'row' ? clientX : clientY) - start));
    handle.addEventListener('pointermove', move, { signal: drag.signal });
    handle.addEventListener('pointerup', () => drag.abort(), { once: true });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -STEP, ArrowUp: -STEP, ArrowRight: STEP, ArrowDown: STEP }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    change(size + sign * step);
  };
  const length = `min(${size}px, calc(100% - ${minRest}px))`;
  const tracks = fixed === 'first' ? `${length} 1px minmax(0, 1fr)` : `minmax(0, 1fr) 1px ${length}`;
  return (
    <div
      ref={box}
      class={`split split-${direction}`}
      style={direction === 'row' ? { gridTemplateColumns: tracks } : { gridTemplateRows: tracks }}
    >
      <div class="split-pane">{children[0]}</div>
      <div
        class="split-handle"
        role="separator"
        tabIndex={0}
        aria-label={`Size of ${name}`}
        aria-orientation={direction === 'row' ? 'vertical' : 'horizontal'}
        aria-valuenow={size}
        onPointerDown={onPointerDown}
        onKeyDown={onKeyDown}
      />
      <div class="split-pane">{children[1]}</div>
    </div>
  );
}

function keyOf(name: string): string {
  return `tributary.size.${name}`;
}
