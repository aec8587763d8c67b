import { Empty } from '../frame/states.tsx';

export function Publish() {
  return <Empty title="Publish" />;
}
