/** Where a workflow runs, among the places that the kernel knows. */

import type { CanvasProps } from './props';

export function TargetChoice(props: CanvasProps): React.JSX.Element | null {
  const { targets = [], target = '', onTarget, running = false } = props;
  if (onTarget === undefined || targets.length === 0) {
    return null;
  }
  const usual = targets.find(one => one.default) ?? targets[0];
  return (
    <label className="dlaaw-target" title="Where it runs">
      <span className="dlaaw-target-word">on</span>
      <select
        aria-label="Target: where it runs" value={target || usual.name} disabled={running}
        onChange={event => onTarget(event.target.value)}
      >
        {targets.map(({ name, error }) => (
          <option key={name} value={name}>
            {error ? `${name} (cannot be reached)` : name}
          </option>
        ))}
      </select>
    </label>
  );
}
