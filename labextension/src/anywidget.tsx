/** The canvas for front ends that take a script with the widget, such as those of VS Code and Colab. */
import { mount, type SharedModel } from './bench/mounting';

export default {
  render({ model, el }: { model: SharedModel; el: HTMLElement }): () => void {
    el.classList.add('dlaaw-widget');
    return mount(model, el);
  }
};
