import { Empty } from '../frame/states.tsx';

export function Explore() {
  return <Empty title="Explore" />;
}
