/** The Kernel menu of JupyterLab serves the document in front too. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { type ISessionContext, ISessionContextDialogs } from '@jupyterlab/apputils';
import { IMainMenu } from '@jupyterlab/mainmenu';

import { IWorkflows } from './tracker';

type Act = (session: ISessionContext, dialogs: ISessionContextDialogs) => unknown;

const ACTS: [keyof IMainMenu['kernelMenu']['kernelUsers'], string, Act][] = [
  ['interruptKernel', 'Interrupt Kernel', session => session.session?.kernel?.interrupt()],
  ['reconnectToKernel', 'Reconnect to Kernel', session => session.session?.kernel?.reconnect()],
  ['restartKernel', 'Restart Kernel…', (session, dialogs) => dialogs.restart(session)],
  ['changeKernel', 'Change Kernel…', (session, dialogs) => dialogs.selectKernel(session)],
  ['shutdownKernel', 'Shut Down Kernel', session => session.shutdown()]
];

export const kernelMenu: JupyterFrontEndPlugin<void> = {
  id: 'dlaaw-nb:kernel-menu',
  description: 'Lets the Kernel menu act on the kernel of a workflow.',
  autoStart: true,
  requires: [IWorkflows, IMainMenu, ISessionContextDialogs],
  activate: (
    app: JupyterFrontEnd,
    workflows: IWorkflows,
    menu: IMainMenu,
    dialogs: ISessionContextDialogs
  ) => {
    const front = () =>
      workflows.currentWidget === app.shell.currentWidget ? workflows.currentWidget : null;
    const isEnabled = () => Boolean(front()?.context.sessionContext.session?.kernel);
    for (const [place, label, act] of ACTS) {
      const id = `dlaaw-nb:kernel-${place}`;
      app.commands.addCommand(id, {
        label,
        isEnabled: place === 'changeKernel' ? () => front() !== null : isEnabled,
        execute: () => {
          const session = front()?.context.sessionContext;
          return session && act(session, dialogs);
        }
      });
      menu.kernelMenu.kernelUsers[place].add({ id, isEnabled: () => app.commands.isEnabled(id) });
    }
  }
};
