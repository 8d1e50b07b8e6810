/** `*.dlaaw` files open as a canvas; "Open With" still offers the text editor. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, ISessionContextDialogs, WidgetTracker } from '@jupyterlab/apputils';
import { ABCWidgetFactory, DocumentWidget, type DocumentRegistry } from '@jupyterlab/docregistry';
import { IPropertyInspectorProvider } from '@jupyterlab/property-inspector';

import { icon } from './icon';
import { LazyPanel, type Services } from './lazy_panel';
import { CATEGORY, Commands, EXTENSION, FACTORY, FILE_TYPE } from './names';
import { IWorkflows } from './tracker';

type Model = DocumentRegistry.ICodeModel;
export type WorkflowWidget = DocumentWidget<LazyPanel, Model>;

class WorkflowFactory extends ABCWidgetFactory<WorkflowWidget, Model> {
  constructor(
    private readonly services: Services,
    private readonly properties: IPropertyInspectorProvider | null
  ) {
    super({
      name: FACTORY,
      modelName: 'text',
      fileTypes: [FILE_TYPE],
      defaultFor: [FILE_TYPE],
      canStartKernel: true,
      preferKernel: false // one is started by the first run, not by looking at a file
    });
  }

  protected createNewWidget(context: DocumentRegistry.IContext<Model>): WorkflowWidget {
    const content = new LazyPanel(context, this.services);
    const widget = new DocumentWidget({ content, context });
    widget.title.icon = icon;
    void content.fill(widget.toolbar, this.properties?.register(widget) ?? null);
    return widget;
  }
}

export const documents: JupyterFrontEndPlugin<IWorkflows> = {
  id: 'dlaaw-nb:documents',
  description: 'Opens *.dlaaw files as workflows that can be edited and run.',
  autoStart: true,
    provides: IWorkflows,
  optional: [
    ILayoutRestorer,
    ISessionContextDialogs,
    ICommandPalette,
    IPropertyInspectorProvider
  ],
  activate: (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    dialogs: ISessionContextDialogs | null,
    palette: ICommandPalette | null,
    properties: IPropertyInspectorProvider | null
  ) => {
    app.docRegistry.addFileType({
      name: FILE_TYPE,
      displayName: 'Workflow',
      extensions: [EXTENSION],
      mimeTypes: ['application/x-dlaaw+json'],
      fileFormat: 'text',
      contentType: 'file',
      icon
    });
    const tracker = new WidgetTracker<WorkflowWidget>({ namespace: 'dlaaw-nb' });
    const { kernelspecs: kernels, contents } = app.serviceManager;
    const services = { commands: app.commands, kernels, contents, dialogs };
    const factory = new WorkflowFactory(services, properties);
    factory.widgetCreated.connect((_, widget) => {
      widget.context.pathChanged.connect(() => void tracker.save(widget));
      void tracker.add(widget);
    });
    app.docRegistry.addWidgetFactory(factory);
    void restorer?.restore(tracker, {
      command: 'docmanager:open',
      args: widget => ({ path: widget.context.path, factory: FACTORY }),
      name: widget => widget.context.path
    });
    addCommands(app, tracker);
    for (const command of [Commands.run, Commands.stop]) {
      palette?.addItem({ command, category: CATEGORY });
    }
    return tracker;
  }
};

function addCommands(app: JupyterFrontEnd, tracker: WidgetTracker<WorkflowWidget>): void {
  const isEnabled = () => tracker.currentWidget !== null;
  app.commands.addCommand(Commands.run, {
    label: 'Run the workflow',
    isEnabled,
    execute: () => tracker.currentWidget?.content.run()
  });
  app.commands.addCommand(Commands.stop, {
    label: 'Stop the workflow',
    isEnabled,
    execute: () => tracker.currentWidget?.content.stop()
  });
}
