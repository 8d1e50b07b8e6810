/**
 * What JupyterLab loads at its start. It must stay small: the canvas and all that draws
 * are chunks of their own, loaded when the first document or widget is shown.
 */
import { documents } from './lab/documents';
import { creating } from './lab/creating';
import { exporting } from './lab/exporting';
import { foreign } from './lab/foreign';
import { kernelMenu } from './lab/kernel_menu';
import { widgets } from './lab/widgets';

export default [documents, creating, widgets, kernelMenu, exporting, foreign];
