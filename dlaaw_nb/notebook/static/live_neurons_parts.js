// Parts of the picture in live_neurons.js, which is put behind this file: a widget is one module.

const HEAD = 5;
const STATES = ["not trained yet", "training", "trained", "stopped", "diverged"];
const SAY_MS = 2000; // a screen reader hears no more often than this
const PLAY_MS = 3000; // a replay takes so long
const SLOW_MS = 120; // frames that come slower than this flow into each other
const SVG = "http://www.w3.org/2000/svg";

function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "g", "line", "circle", "text"].includes(tag);
  const node = svg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function number(value) {
  if (!Number.isFinite(value)) return "–";
  const text = Math.abs(value) >= 1e4 || (value !== 0 && Math.abs(value) < 1e-3)
    ? value.toExponential(2) : value.toFixed(3);
  return text.replace("-", "\u2212");
}

const finite = value => (Number.isFinite(value) ? value : 0);

class Frames {
  constructor(scene, view) {
    this.edges = scene.edges.length / 2;
    this.neurons = scene.neurons.length;
    this.size = HEAD + this.edges + 2 * this.neurons;
    // Copied, for the bytes of a message may begin at any place, and floats may not.
    const bytes = new Uint8Array(view?.byteLength ?? 0);
    if (view) bytes.set(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    this.values = new Float32Array(bytes.buffer, 0, Math.floor(bytes.length / 4));
    this.count = Math.floor(this.values.length / this.size);
  }

  at(index) {
    const v = this.values.subarray(index * this.size, (index + 1) * this.size);
    const [epoch, cost, score, state, epochs] = v;
    const biases = HEAD + this.edges;
    return {
      epoch, cost, score, state, epochs,
      weights: v.subarray(HEAD, biases),
      biases: v.subarray(biases, biases + this.neurons),
      activations: v.subarray(biases + this.neurons),
    };
  }
}

const reduced = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// Keys are ours, or the notebook would cut a cell at an "x"; but Ctrl and Cmd are the page's.
function keep(event) {
  if (!event.ctrlKey && !event.metaKey && event.key !== "Tab") event.stopPropagation();
}

function legend() {
  const key = (text, ...shapes) =>
    make("span", {}, make("svg", { width: 26, height: 14, "aria-hidden": "true" }, ...shapes), text);
  const line = (kind, width) =>
    make("line", { x1: 0, x2: 26, y1: 7, y2: 7, class: kind, "stroke-width": width });
  return make("div", { class: "legend" },
    key("positive weight", line("plus", 3)), key("negative weight", line("minus", 3)),
    key("activation: how full", make("circle", { cx: 13, cy: 7, r: 6, class: "fill", "fill-opacity": 0.7 })),
    key("bias: its ring", make("circle", { cx: 13, cy: 7, r: 5, class: "ring", "stroke-width": 2.5 })));
}

// Says the latest of what it is told, not too often.
class Voice {
  constructor() {
    this.node = make("div", { class: "said", role: "status", "aria-live": "polite" });
    this.last = -SAY_MS;
  }

  say(text) {
    this.text = text;
    this.timer ??= setTimeout(() => {
      this.timer = null;
      this.last = performance.now();
      if (this.node.textContent !== this.text) this.node.textContent = this.text;
    }, Math.max(0, this.last + SAY_MS - performance.now()));
  }

  close() {
    clearTimeout(this.timer);
  }
}

// A button and a slider over the frames; `step` is called with the number of one.
class Player {
  constructor(step) {
    this.step = step;
    this.button = make("button", { type: "button" });
    this.slider = make("input", { type: "range", min: 0, "aria-label": "Moment of the training" });
    this.node = make("div", { class: "play" }, this.button, this.slider);
    this.button.addEventListener("click", () => (this.running ? this.pause() : this.play()));
    this.slider.addEventListener("input", () => {
      this.pause();
      step(Number(this.slider.value));
    });
    this.node.addEventListener("keydown", keep);
    this.load(0);
  }

  load(count) {
    this.pause();
    this.count = count;
    this.slider.max = Math.max(0, count - 1);
    this.node.style.visibility = count > 1 ? "visible" : "hidden";
  }

  show(index, text) {
    this.slider.value = this.index = index;
    this.slider.setAttribute("aria-valuetext", text);
  }

  play() {
    const gap = PLAY_MS / this.count;
    const begin = performance.now() - (this.index >= this.count - 1 ? 0 : this.index * gap);
    const tick = () => {
      const index = Math.min(this.count - 1, Math.floor((performance.now() - begin) / gap));
      if (index !== this.index) this.step(index);
      if (index === this.count - 1) this.pause();
      else this.running = requestAnimationFrame(tick);
    };
    this.button.textContent = "\u275A\u275A Pause";
    this.running = requestAnimationFrame(tick);
  }

  pause() {
    cancelAnimationFrame(this.running);
    this.running = null;
    this.button.textContent = "\u25B6 Replay";
  }
}
