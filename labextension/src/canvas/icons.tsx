const PATHS: Record<string, string> = {
  undo: 'M9 5 4 10l5 5M4 10h9a6 6 0 0 1 0 12h-3',
  redo: 'M15 5l5 5-5 5M20 10h-9a6 6 0 0 0 0 12h3',
  layout: 'M3 4h6v5H3zM15 4h6v5h-6zM15 15h6v5h-6zM9 6.5h6M12 6.5v11h3',
  fit: 'M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5',
  delete: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  run: 'M7 4l13 8-13 8z',
  here: 'M5 5l9 7-9 7zM18 5v14',
  changed: 'M20 12a8 8 0 1 1-2.5-5.8M20 3v5h-5',
  stop: 'M6 6h12v12H6z',
  group: 'M4 4h16v16H4zM8 8h5v4H8zM12 13h4v4h-4z',
  ungroup: 'M4 4h9v7H4zM11 13h9v7h-9z',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  warning: 'M12 3 2 20h20zM12 10v4M12 17v.5',
  close: 'M5 5l14 14M19 5 5 19',
  initialized: 'M12 4a8 8 0 1 0 .01 0z',
  ready: 'M12 4a8 8 0 1 0 .01 0zM12 8v4l3 2',
  running: 'M12 4a8 8 0 0 1 8 8',
  finished: 'M5 12.5l5 5L19 7',
  failed: 'M6 6l12 12M18 6 6 18',
  skipped: 'M5 6l6 6-6 6M13 6l6 6-6 6',
  cached: 'M5 12.5l5 5L19 7',
  cancelled: 'M7 7h10v10H7z',
  up: 'M12 19V5M6 11l6-6 6 6',
  down: 'M12 5v14M6 13l6 6 6-6',
  panel: 'M4 5h16v14H4zM10 5v14',
  form: 'M4 5h16v14H4zM14 5v14'
};

/** A small picture drawn in the colour of the text around it; what it means is said beside it. */
export function Icon({ name }: { name: string }): React.JSX.Element {
  return (
    <svg className={`dlaaw-icon dlaaw-icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name] ?? PATHS.initialized} />
    </svg>
  );
}
