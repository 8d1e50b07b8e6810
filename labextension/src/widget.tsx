/** The canvas as a widget of Jupyter; `dlaaw_nb.notebook` holds its Python side. */
import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';

import { mount, type SharedModel } from './bench/mounting';
import { MODULE_NAME, MODULE_VERSION } from './lab/version';

export class CanvasModel extends DOMWidgetModel {
  defaults(): Record<string, unknown> {
    return {
      ...super.defaults(),
      _model_name: 'CanvasModel',
      _model_module: MODULE_NAME,
      _model_module_version: MODULE_VERSION,
      _view_name: 'CanvasView',
      _view_module: MODULE_NAME,
      _view_module_version: MODULE_VERSION,
      document: {},
      catalogue: {}
    };
  }
}

export class CanvasView extends DOMWidgetView {
  render(): void {
    this.el.classList.add('dlaaw-widget');
    this.end = mount(this.model as unknown as SharedModel, this.el);
  }

  remove(): void {
    this.end?.();
    this.end = null;
    super.remove();
  }

  private end: (() => void) | null = null;
}
