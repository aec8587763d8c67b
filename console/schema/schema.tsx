import { Empty } from '../frame/states.tsx';

export function Schema() {
  return <Empty title="Schema" />;
}
