/** A figure with its name below. */
export function Figure({
  name,
  value,
  of,
  isBad = false,
}: {
  readonly name: string;
  readonly value: string;
  /** Limit of the value. */
  readonly of?: string | undefined;
  readonly isBad?: boolean;
}) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd class={`number ${isBad ? 'figure-bad' : ''}`}>
        {value}
        {of !== undefined && <span class="soft"> / {of}</span>}
        {isBad && <span aria-label="high"> ▲</span>}
      </dd>
    </div>
  );
}
