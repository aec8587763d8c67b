import { useEffect, useState } from 'preact/hooks';
import { encodeOperation } from '../explore/run/shared-operation.ts';
import { linkTo } from '../frame/location.ts';

/** A link that opens an operation in the editor. */
export function ExploreLink({ operation }: { readonly operation: string }) {
  const [op, setOp] = useState<string>();
  useEffect(() => {
    void encodeOperation({ query: operation, variables: '' }).then(setOp);
  }, [operation]);
  return (
    <a class="button" href={linkTo('explore', [], { op })}>
      Add to editor
    </a>
  );
}
