/** The canvas as a widget in the output of a cell. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IJupyterWidgetRegistry } from '@jupyter-widgets/base';

import { MODULE_NAME, MODULE_VERSION } from './version';

export const widgets: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:widgets',
  description: 'Shows the canvas in the output of a cell.',
  autoStart: true,
  optional: [IJupyterWidgetRegistry],
  activate: (_: JupyterFrontEnd, registry: IJupyterWidgetRegistry | null) => {
    registry?.registerWidget({
      name: MODULE_NAME,
      version: MODULE_VERSION,
      exports: async () => (await import('../widget')) as never
    });
  }
};
