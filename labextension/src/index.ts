/**
 * What JupyterLab loads at its start. It must stay small: the canvas and all that draws
 * are chunks of their own, loaded when the first document or widget is shown.
 */
import { documents } from './lab/documents';
import { adding } from './lab/adding';
import { creating } from './lab/creating';
import { exporting } from './lab/exporting';
import { foreign } from './lab/foreign';
import { kernelMenu } from './lab/kernel_menu';
import { sidebar } from './lab/sidebar';
import { widgets } from './lab/widgets';

export default [
  documents, creating, widgets, sidebar, adding, kernelMenu, exporting, foreign
];
