/** Takes the properties of what is selected into JupyterLab's sidebar while that shows them. */
import type { IPropertyInspector } from '@jupyterlab/property-inspector';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

/** There is one form: here while the person has the property inspector open, else in the canvas. */
export class PropertiesHost extends Widget {
  constructor(
    inspector: IPropertyInspector,
    private readonly onMove: (host: HTMLElement | null) => void
  ) {
    super();
    this.addClass('dlaaw-canvas');
    this.addClass('dlaaw-properties');
    inspector.render(this);
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.move();
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this.move();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.move();
  }

  protected onAfterDetach(message: Message): void {
    super.onAfterDetach(message);
    this.move();
  }

  private move(): void {
    const host = !this.isDisposed && this.isVisible ? this.node : null;
    if (host !== this.host) {
      this.host = host;
      this.onMove(host);
    }
  }

  private host: HTMLElement | null = null;
}
