/** The canvas as a widget of Jupyter; `dlaaw_nb.notebook` holds its Python side. */
import { DOMWidgetModel, DOMWidgetView } from '@jupyter-widgets/base';

import { mount, type SharedModel } from './bench/mounting';
import { cellBelow } from './lab/notebook_cells';
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
      catalogue: {},
      trouble: {},
      run: ''
    };
  }
}

export class CanvasView extends DOMWidgetView {
  render(): void {
    this.el.classList.add('dlaaw-widget');
    // Its element is put into the notebook's page only after this.
    void this.displayed.then(() => {
      if (this.end === null) {
        const model = this.model as unknown as SharedModel;
        const cell = cellBelow(this.model.widget_manager, this.el);
        this.end = mount(model, this.el, cell);
      }
    });
  }

  remove(): void {
    this.end?.();
    this.end = null;
    super.remove();
  }

  private end: (() => void) | null = null;
}
