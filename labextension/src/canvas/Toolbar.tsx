import { Icon } from './icons';

export interface Tool {
  name: string;
  label: string;
  icon: string;
  keys?: string;
  enabled: boolean;
  /** Shown with its label beside the picture. */
  text?: string;
  pressed?: boolean;
  run: () => void;
}

/** Buttons in groups; the arrow keys go from one to the next. */
export function Toolbar(props: {
  groups: Tool[][]; children?: React.ReactNode;
}): React.JSX.Element {
  const { groups, children } = props;
  const onKeyDown = (event: React.KeyboardEvent<HTMLDivElement>) => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by !== 0 && (event.target as HTMLElement).matches('button')) {
      const all = [...event.currentTarget.querySelectorAll<HTMLButtonElement>('button')];
      const at = all.indexOf(event.target as HTMLButtonElement);
      all[(at + by + all.length) % all.length]?.focus();
      event.preventDefault();
    }
  };
  return (
    <div className="dlaaw-toolbar" role="toolbar" aria-label="Canvas" onKeyDown={onKeyDown}>
      {groups.filter(group => group.length > 0).map((group, place) => (
        <div className="dlaaw-tools" key={place}>
          {group.map(tool => (
            <button
              type="button"
              key={tool.name}
              className={`dlaaw-tool dlaaw-tool-${tool.name}`}
              aria-label={tool.label}
              aria-disabled={!tool.enabled}
              aria-pressed={tool.pressed}
              title={tool.keys ? `${tool.label} (${tool.keys})` : tool.label}
              onClick={() => tool.enabled && tool.run()}
            >
              <Icon name={tool.icon} />
              {tool.text && <span>{tool.text}</span>}
            </button>
          ))}
        </div>
      ))}
      {children}
    </div>
  );
}
