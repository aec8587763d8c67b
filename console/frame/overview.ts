import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Overview } from '../../router/console/api-types.ts';
import type { Resource } from '../api/use-resource.ts';

const NONE: Resource<Overview> = {
  value: undefined,
  failure: undefined,
  loading: true,
  reload: () => undefined,
};

/** The overview of the router, which the frame reads every five seconds. */
export const OverviewContext = createContext<Resource<Overview>>(NONE);

export function useOverview(): Resource<Overview> {
  return useContext(OverviewContext);
}
