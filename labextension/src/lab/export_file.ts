/** Writes the document in front as a file of another kind, beside it. */
import { Notification } from '@jupyterlab/apputils';
import type { Contents } from '@jupyterlab/services';
import type { CommandRegistry } from '@lumino/commands';

import type { Exported } from '../bench/messages';
import { saveBeside } from './beside';
import type { WorkflowWidget } from './documents';

/** Give the path of the new file; null where there is none, which was told. */
export async function exportFile(
  widget: WorkflowWidget,
  contents: Contents.IManager,
  commands: CommandRegistry,
  kind: string
): Promise<string | null> {
  const { path } = widget.context;
  try {
    const made = await saveBeside(contents, path, kind, fileOf(await widget.content.exported(kind)));
    Notification.success(`Exported as ${made}`, {
      autoClose: 8000,
      actions: [{ label: 'Open', callback: () => void commands.execute('docmanager:open', { path: made }) }]
    });
    return made;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    Notification.error(`${path} was not exported: ${reason}`, { autoClose: false });
    return null;
  }
}

/** Write it as a notebook, and open that on the same kernel. */
export async function openInNotebook(
  widget: WorkflowWidget,
  contents: Contents.IManager,
  commands: CommandRegistry
): Promise<void> {
  const path = await exportFile(widget, contents, commands, 'ipynb');
  const kernel = widget.context.sessionContext.session?.kernel;
  if (path !== null) {
    const shared = kernel ? { kernel: { id: kernel.id, name: kernel.name } } : {};
    await commands.execute('docmanager:open', { path, factory: 'Notebook', ...shared });
  }
}

function fileOf({ content, encoding }: Exported): Partial<Contents.IModel> {
  if (encoding === 'json') {
    return { type: 'notebook', format: 'json', content: JSON.parse(content) };
  }
  return { type: 'file', format: encoding, content };
}
