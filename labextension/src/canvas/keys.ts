/** The keys of the canvas; none of them reaches the page around it. */

export interface KeyActions {
  remove(): void;
  undo(): void;
  redo(): void;
  selectAll(): void;
  group(): void;
  duplicate(): void;
  layout(): void;
  fit(): void;
  openForm(): void;
  /** Open the workflow inside of a node; false where there is none. */
  open(node: string): boolean;
  openConnect(node: string): void;
  search(): void;
  run(): void;
  escape(): void;
}

/** Handle what React Flow would answer on a node by taking the focus away from it. */
export function onKeyFirst(event: React.KeyboardEvent, actions: KeyActions): void {
  const target = event.target as HTMLElement;
  const runs = event.key === 'Enter' && (event.ctrlKey || event.metaKey);
  const ends = event.key === 'Escape';
  if ((runs || ends) && target.matches('.react-flow__node, .react-flow__edge')) {
    event.preventDefault();
    event.stopPropagation();
    if (runs) {
      actions.run();
    } else {
      actions.escape();
      target.closest<HTMLElement>('.dlaaw-canvas')?.focus();
    }
  }
}

/** Handle a key; everything but shortcuts of the page (Ctrl+S) stops here. */
export function onKey(event: React.KeyboardEvent, actions: KeyActions): void {
  const { key } = event;
  if (['Shift', 'Control', 'Alt', 'Meta'].includes(key)) {
    return; // React Flow listens for them on the document
  }
  const command = event.ctrlKey || event.metaKey;
  const target = event.target as HTMLElement;
  const typing = target.matches('input:not([type=checkbox]), textarea, select');
  const beside = target.closest('.dlaaw-palette, .dlaaw-form, .dlaaw-toolbar') !== null;
  if ((beside && key === 'Escape') || (typing && command && key === 'Enter')) {
    event.preventDefault();
    event.stopPropagation();
    leave(target);
    if (command) {
      actions.run();
    }
    return;
  }
  if (typing) {
    if (!command || 'acvxzy'.includes(key.toLowerCase())) {
      event.stopPropagation();
    }
    return;
  }
  const run = command ? commandOf(event, actions) : plainOf(event, actions, target);
  if (run !== undefined) {
    event.preventDefault();
    run();
  }
  if (run !== undefined || !command || 'cvx'.includes(key.toLowerCase())) {
    event.stopPropagation();
  }
}

/** Go back to what is selected on the canvas; what was typed is taken. */
function leave(field: HTMLElement): void {
  const canvas = field.closest<HTMLElement>('.dlaaw-canvas');
  (canvas?.querySelector<HTMLElement>('.react-flow__node.selected') ?? canvas)?.focus();
}

function commandOf(event: React.KeyboardEvent, actions: KeyActions): (() => void) | undefined {
  const key = event.key.toLowerCase();
  const all: Record<string, () => void> = {
    z: event.shiftKey ? actions.redo : actions.undo,
    y: actions.redo,
    a: actions.selectAll,
    g: actions.group,
    d: actions.duplicate,
    enter: actions.run
  };
  return event.altKey ? undefined : all[key];
}

function plainOf(
  event: React.KeyboardEvent, actions: KeyActions, target: HTMLElement
): (() => void) | undefined {
  if (event.altKey) {
    return undefined;
  }
  const onCanvas = target.closest('.react-flow') !== null || target.matches('.dlaaw-canvas');
  const onNode = target.matches('.react-flow__node, .react-flow__edge');
  const all: Record<string, (() => void) | false> = {
    Delete: onCanvas && actions.remove,
    Backspace: onCanvas && actions.remove,
    Enter: onNode && (() => actions.open(target.dataset.id ?? '') || actions.openForm()),
    c: onNode && (() => actions.openConnect(target.dataset.id ?? '')),
    l: onCanvas && actions.layout,
    f: onCanvas && actions.fit,
    '/': actions.search,
    Escape: actions.escape
  };
  return all[event.key] || undefined;
}
