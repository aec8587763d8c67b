import { Empty } from '../frame/states.tsx';

export function Operate() {
  return <Empty title="Operate" />;
}
