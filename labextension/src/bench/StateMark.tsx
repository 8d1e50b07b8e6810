/** A state as a picture and a word. */
import { Icon } from '../canvas/icons';
import { stateIcon, stateText } from './words';

export function StateMark({ state }: { state: string }): JSX.Element {
  return (
    <span className={`dlaaw-mark dlaaw-mark-${state}`}>
      <Icon name={stateIcon(state)} />
      {stateText(state)}
    </span>
  );
}
