// The neurons of a network while it trains.
//
// `scene` (JSON) says once what is drawn and where; `frames` (bytes, little-endian float32) holds one
// frame while it trains and all that were kept when it is over. A frame: epoch, cost, score,
// state, epochs in all; the weight of each edge; the bias, then the activation, of each neuron.
//
// live_neurons_parts.js stands before this file.

class View {
  constructor(model, el) {
    this.model = model;
    this.el = el;
    this.stop = new AbortController();
    [this.seen, this.drawn] = [true, 0];
    this.voice = new Voice();
    this.player = new Player(index => this.step(index));
    el.classList.add("dlaaw-ln");
    this.build();
    model.on("change:scene", () => this.build());
    model.on("change:frames", () => this.receive(model.get("replay")));
    model.on("change:selected", () => this.mark());
    model.on("change:row_label", () => { this.row.textContent = model.get("row_label"); });
    const view = this;
    model.on("comm_live_update", function () { view.gone.hidden = this?.model?.comm_live !== false; });
    // A notebook drops what scrolls away; what was left undrawn is drawn when it is seen again.
    this.watcher = new IntersectionObserver(entries => {
      this.seen = entries.some(entry => entry.isIntersecting);
      if (this.seen) this.draw();
    });
    this.watcher.observe(el);
  }

  close() {
    this.stop.abort();
    this.watcher.disconnect();
    this.player.pause();
    this.voice.close();
  }

  listen(node, name, call) {
    node.addEventListener(name, call, { signal: this.stop.signal });
  }

  build() {
    const scene = (this.scene = this.model.get("scene"));
    this.scale = { weight: 0, bias: 0, columns: scene.columns.map(() => 0) };
    this.into = scene.neurons.map(() => []);
    this.lines = [];
    const svg = make("svg", {
      viewBox: `0 0 ${scene.width} ${scene.height}`, width: scene.width, role: "group",
      "aria-label": `${scene.title}: ${scene.neurons.length} neurons. Arrow keys walk over them.`,
    });
    for (let e = 0; e < scene.edges.length; e += 2) {
      const from = scene.neurons[scene.edges[e]];
      const to = scene.neurons[scene.edges[e + 1]];
      const line = make("line", { x1: from.x + scene.radius, y1: from.y, x2: to.x - scene.radius, y2: to.y });
      this.into[scene.edges[e + 1]].push(e / 2);
      this.lines.push(line);
      svg.append(line);
    }
    for (const { x, y, text, style, anchor } of scene.texts) {
      const place = { x, y, class: style, "text-anchor": anchor, "dominant-baseline": "central" };
      svg.append(make("text", place, text));
    }
    this.nodes = scene.neurons.map((neuron, index) => this.neuron(neuron, index));
    svg.append(...this.nodes.map(node => node.group));
    this.listen(svg, "pointerleave", () => this.hover(-1));
    this.listen(svg, "keydown", event => this.key(event));
    this.svg = svg;
    this.frame();
    [this.roving, this.hovered] = [0, -1];
    this.receive(false);
    this.mark();
  }

  frame() {
    const scene = this.scene;
    this.gone = make("p", { class: "gone", role: "alert" },
      "The kernel has been restarted. Run this cell again.");
    this.gone.hidden = true;
    this.row = make("span", { class: "row" }, this.model.get("row_label"));
    this.figures = make("div", { class: "figures", "aria-hidden": "true" });
    this.tip = make("div", { class: "tip", "aria-hidden": "true" });
    this.tip.hidden = true;
    const head = make("div", { class: "head" }, make("span", { class: "title" }, scene.title), this.row);
    this.el.replaceChildren(
      head, this.gone, this.figures, this.svg, this.player.node, legend(), this.voice.node, this.tip);
  }

  neuron({ x, y, name }, index) {
    const r = this.scene.radius;
    const at = { cx: x, cy: y };
    const fill = make("circle", { ...at, r: r - 1, class: "fill" });
    const ring = make("circle", { ...at, r: r + 2, class: "ring" });
    const group = make("g", { class: "neuron", role: "button", tabindex: index ? -1 : 0, "aria-label": name },
      make("circle", { ...at, r, class: "body" }), fill, ring, make("circle", { ...at, r: r + 6, class: "mark" }));
    this.listen(group, "pointerenter", () => this.hover(index));
    this.listen(group, "focus", () => { if (group.matches(":focus-visible")) this.hover(index); });
    this.listen(group, "blur", () => this.hover(-1));
    this.listen(group, "click", () => { this.choose(index); this.walk(index); });
    return { group, fill, ring };
  }

  // ---- what comes from the kernel ----

  receive(replay) {
    const frames = (this.frames = new Frames(this.scene, this.model.get("frames")));
    this.player.load(frames.count);
    for (let k = 0; k < frames.count; k++) this.measure(frames.at(k));
    this.step(frames.count - 1);
    // A training too short to be seen is shown once more, slowly.
    if (replay && frames.count > 1 && !reduced()) this.player.play();
  }

  measure({ weights, biases, activations }) {
    const most = (values, before) => values.reduce((m, v) => Math.max(m, Math.abs(finite(v))), before);
    this.scale.weight = most(weights, this.scale.weight);
    this.scale.bias = most(biases, this.scale.bias);
    this.scene.neurons.forEach(({ c }, n) => {
      this.scale.columns[c] = Math.max(this.scale.columns[c], Math.abs(finite(activations[n])));
    });
  }

  step(index) {
    if (index < 0) return;
    this.now = this.frames.at(index);
    this.el.classList.toggle("smooth", performance.now() - this.drawn > SLOW_MS);
    this.drawn = performance.now();
    const { epoch, cost, score, state, epochs } = this.now;
    const name = this.model.get("score_name");
    const shown = name === "accuracy" ? `${(100 * score).toFixed(1)} %` : number(score);
    const right = Number.isNaN(score) ? "" : `, ${name} ${shown}`;
    const text = epoch < 0 ? `${STATES[state]}: the first weights` :
      `${STATES[state]}: epoch ${epoch + 1} of ${epochs}, cost ${number(cost)}${right}`;
    this.player.show(index, text);
    this.figures.textContent = text[0].toUpperCase() + text.slice(1);
    this.voice.say(this.figures.textContent);
    if (this.seen) this.draw();
  }

  // ---- drawing ----

  draw() {
    if (!this.now) return;
    const { weights, biases, activations } = this.now;
    this.lines.forEach((line, e) => {
      const w = finite(weights[e]);
      line.style.strokeWidth = (0.2 + 4.3 * Math.abs(w) / (this.scale.weight || 1)).toFixed(2);
      line.classList.toggle("minus", w < 0);
    });
    this.nodes.forEach(({ fill, ring }, n) => {
      const a = finite(activations[n]);
      const b = finite(biases[n]);
      const full = Math.abs(a) / Math.max(1, this.scale.columns[this.scene.neurons[n].c]);
      fill.style.fillOpacity = (0.9 * full).toFixed(3);
      fill.classList.toggle("low", a < 0);
      ring.style.strokeWidth = b === 0 ? 0 : (0.6 + 3.4 * Math.abs(b) / (this.scale.bias || 1)).toFixed(2);
      ring.classList.toggle("minus", b < 0);
    });
    if (this.hovered >= 0) this.tell(this.hovered);
  }

  // Shows a neuron's inputs alone; without one, everything.
  mark() {
    const chosen = this.model.get("selected");
    const shown = this.hovered >= 0 ? this.hovered : chosen;
    const mine = new Set(this.into[shown] ?? []);
    const alone = mine.size > 0;
    const from = new Set([...mine].map(e => this.scene.edges[2 * e]));
    this.lines.forEach((line, e) => line.classList.toggle("away", alone && !mine.has(e)));
    this.nodes.forEach(({ group }, n) => {
      group.classList.toggle("away", alone && n !== shown && !from.has(n));
      group.classList.toggle("chosen", n === chosen);
      group.setAttribute("aria-pressed", n === chosen);
    });
  }

  hover(index) {
    this.hovered = index;
    this.tip.hidden = index < 0;
    this.mark();
    if (index >= 0) this.tell(index);
  }

  // What there is to know of a neuron, beside it.
  tell(index) {
    const { neurons, edges } = this.scene;
    const { weights, biases, activations } = this.now;
    const rows = [["activation", number(activations[index])]];
    if (!Number.isNaN(biases[index])) rows.push(["bias", number(biases[index])]);
    const heard = [...this.into[index]].sort((a, b) => Math.abs(weights[b]) - Math.abs(weights[a]));
    const inputs = heard.slice(0, 5).map(e => [neurons[edges[2 * e]].name, number(weights[e])]);
    const table = lines => make("table", {}, ...lines.map(([name, value]) =>
      make("tr", {}, make("th", {}, name), make("td", {}, value))));
    this.tip.replaceChildren(make("div", { class: "name" }, neurons[index].name), table(rows));
    if (inputs.length) {
      const title = heard.length > 5 ? "listens most to" : "listens to";
      this.tip.append(make("div", { class: "dim" }, title), table(inputs));
    }
    const said = [...rows, ...inputs].map(([name, value]) => `${name} ${value}`).join(", ");
    this.nodes[index].group.setAttribute("aria-label", `${neurons[index].name}: ${said}`);
    this.put(index);
  }

  put(index) {
    const box = this.el.getBoundingClientRect();
    const node = this.nodes[index].group.getBoundingClientRect();
    const wide = this.tip.offsetWidth;
    const right = node.right - box.left + 6;
    const left = right + wide < box.width ? right : node.left - box.left - wide - 6;
    const top = node.top - box.top + node.height / 2 - this.tip.offsetHeight / 2;
    this.tip.style.transform = `translate(${Math.max(0, left)}px, ${Math.max(0, top)}px)`;
  }

  // ---- choosing and walking ----

  choose(index) {
    this.model.set("selected", this.model.get("selected") === index ? -1 : index);
    this.model.save_changes();
  }

  walk(index) {
    this.nodes[this.roving].group.setAttribute("tabindex", -1);
    this.roving = index;
    this.nodes[index].group.setAttribute("tabindex", 0);
    this.nodes[index].group.focus({ preventScroll: true });
  }

  key(event) {
    keep(event);
    const { neurons } = this.scene;
    const here = neurons[this.roving];
    const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    if (event.key === "Enter" || event.key === " ") this.choose(this.roving);
    else if (event.key === "Escape" && this.model.get("selected") >= 0) this.choose(this.model.get("selected"));
    else if (event.key in steps && !event.ctrlKey && !event.metaKey) {
      const [dc, dy] = steps[event.key];
      const near = neurons.map((_, n) => n).filter(n =>
        neurons[n].c === here.c + dc && (dc !== 0 || (neurons[n].y - here.y) * dy > 0));
      near.sort((a, b) => Math.abs(neurons[a].y - here.y) - Math.abs(neurons[b].y - here.y));
      for (const n of near.slice(0, 1)) { this.walk(n); this.hover(n); }
    } else return;
    event.preventDefault();
  }
}

export default {
  render({ model, el }) {
    const view = new View(model, el);
    return () => view.close();
  },
};
