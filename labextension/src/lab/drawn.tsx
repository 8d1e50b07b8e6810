/** A widget that draws a new element at each update; React skips one that is the same object. */
import { ReactWidget } from '@jupyterlab/ui-components';

export class Drawn extends ReactWidget {
  constructor(private readonly draw: () => JSX.Element) {
    super();
  }

  protected render(): JSX.Element {
    return this.draw();
  }
}
