/** The name of a last run, kept for as long as the tab of the browser lives. */
import type { Memory } from '../bench/bench';

/** Remember the last run of something by its name. */
export function memoryOf(name: string | (() => string)): Memory {
  const key = () => `dlaaw-nb:run:${typeof name === 'string' ? name : name()}`;
  return {
    recall: () => sessionStorage.getItem(key()),
    remember: run => sessionStorage.setItem(key(), run)
  };
}
