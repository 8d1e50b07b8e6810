/** "Open With": networks and models in JSON of other systems as a graph that is not edited. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import type { Toolbar } from '@jupyterlab/ui-components';
import { BoxLayout, Widget } from '@lumino/widgets';

import { icon } from './icon';
import type { Context } from './lazy_panel';
import { FOREIGN_FACTORY } from './names';

class ForeignFactory extends ABCWidgetFactory<
  DocumentWidget<Widget, DocumentRegistry.ICodeModel>,
  DocumentRegistry.ICodeModel
> {
  constructor(private readonly app: JupyterFrontEnd) {
    super({
      name: FOREIGN_FACTORY,
      modelName: 'text',
      fileTypes: ['json', 'text'],
      readOnly: true,
      canStartKernel: true,
      preferKernel: false
    });
  }

  protected createNewWidget(context: Context): DocumentWidget<Widget, DocumentRegistry.ICodeModel> {
    const content = new Widget();
    content.addClass('dlaaw-document');
    content.layout = new BoxLayout({ spacing: 0 });
    const widget = new DocumentWidget({ content, context });
    widget.title.icon = icon;
    void this.fill(content, context, widget.toolbar);
    return widget;
  }

  private async fill(content: Widget, context: Context, toolbar: Toolbar): Promise<void> {
    const [{ ForeignPanel }] = await Promise.all([import('./foreign_panel'), context.ready]);
    if (!content.isDisposed) {
      (content.layout as BoxLayout).addWidget(new ForeignPanel(context, this.app, toolbar));
    }
  }
}

export const foreign: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:foreign',
  description: 'Shows networks and models of DATAVIEW as graphs.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    app.docRegistry.addWidgetFactory(new ForeignFactory(app));
  }
};
