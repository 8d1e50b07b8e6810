// A sweep by hand: sliders ask, `state` answers. explorer_drawing.js stands before this file.

class Explorer {
  constructor(model, el) {
    [this.model, this.el] = [model, el];
    [this.number, this.waiting, this.next] = [0, false, null];
    [this.sorted, this.order, this.log, this.sure] = ["", 1, false, false];
    this.choices = model.get("choices");
    this.places = { ...model.get("state").places };
    el.classList.add("dlaaw-explorer");
    this.build();
    this.onState = () => this.receive();
    model.on("change:state", this.onState);
    const view = this;
    model.on("comm_live_update", function () {
      if (this?.model?.comm_live === false) view.words.textContent = "The kernel has been restarted. Run this cell again.";
    });
    // A key pressed here must not reach the notebook's own shortcuts.
    this.onKey = event => { if (!event.ctrlKey && !event.metaKey) event.stopPropagation(); };
    el.addEventListener("keydown", this.onKey);
    this.draw();
  }

  close() {
    this.model.off("change:state", this.onState);
    this.el.removeEventListener("keydown", this.onKey);
  }

  build() {
    this.sliders = {};
    const controls = element("div", "controls");
    for (const choice of this.choices) controls.append(this.slider(choice));
    this.summary = element("div", "summary");
    this.summary.setAttribute("role", "status");
    this.words = element("div", "words");
    this.words.setAttribute("role", "status");
    this.curve = element("div", "drawing");
    const log = element("label", "log", " logarithmic");
    const box = element("input");
    box.type = "checkbox";
    box.addEventListener("change", () => { this.log = box.checked; this.draw(); });
    log.prepend(box);
    const right = element("div", "right");
    right.append(this.summary, this.curve, log, this.words);
    const top = element("div", "top");
    top.append(controls, right);
    this.neurons = element("img", "neurons");
    this.neurons.alt = "Neurons of the best fold's model";
    this.neurons.hidden = true;
    this.el.append(element("div", "title", this.model.get("title")), top, this.buttons(), this.neurons, this.found());
  }

  slider(choice) {
    const row = element("label", "row");
    const input = element("input");
    Object.assign(input, { type: "range", min: 0, max: choice.values.length - 1, step: 1, value: this.places[choice.name] });
    input.dataset.name = choice.name;
    const shown = element("output", "value");
    const tell = () => {
      const text = choice.values[input.value];
      shown.textContent = text;
      input.setAttribute("aria-valuetext", text);
    };
    input.addEventListener("input", () => {
      this.places[choice.name] = Number(input.value);
      tell();
      this.ask("train");
    });
    input.disabled = choice.values.length < 2;
    tell();
    this.sliders[choice.name] = { input, tell };
    row.append(element("span", "name", choice.label), input, shown);
    return row;
  }

  buttons() {
    const bar = element("div", "buttons");
    const button = (text, call) => {
      const made = element("button", "", text);
      made.type = "button";
      made.addEventListener("click", call);
      bar.append(made);
      return made;
    };
    button("Use these", () => this.use());
    button("Neurons", () => {
      if (!this.neurons.hidden) this.neurons.hidden = true;
      else this.ask("neurons");
    });
    this.axes = ["learning_rate", "momentum"].map(name => {
      const list = element("select");
      list.setAttribute("aria-label", "axis of the map");
      for (const choice of this.choices.filter(c => c.name !== "folds")) {
        const option = element("option", "", choice.label);
        option.value = choice.name;
        list.append(option);
      }
      list.value = name;
      list.addEventListener("change", () => { this.sure = false; this.draw(); });
      return list;
    });
    bar.append(element("span", "words", "Map of"), this.axes[0], element("span", "words", "and"), this.axes[1]);
    this.fill = button("Train the whole map", () => this.ask("grid", { names: this.axes.map(a => a.value), sure: this.sure }));
    button("Stop", () => this.ask("stop"));
    this.code = element("input", "code");
    this.code.readOnly = true;
    this.code.hidden = true;
    this.code.setAttribute("aria-label", "the call to copy");
    bar.append(this.code);
    return bar;
  }

  found() {
    const both = element("div", "found");
    this.filter = element("input", "filter");
    Object.assign(this.filter, { type: "search", placeholder: "filter, such as 0.1" });
    this.filter.setAttribute("aria-label", "filter the table");
    this.filter.addEventListener("input", () => this.fillTable());
    this.table = element("table");
    const scroll = element("div", "scroll");
    scroll.append(this.table);
    const left = element("div", "list");
    left.append(this.filter, scroll);
    [this.dots, this.map] = [element("div", "drawing"), element("div", "drawing")];
    const right = element("div", "right");
    right.append(this.dots, this.map);
    both.append(left, right);
    return both;
  }

  // One question at a time is under way; of those asked meanwhile the last one follows.
  ask(kind, more = {}) {
    const message = { kind, places: { ...this.places }, ...more };
    if (kind === "train" && this.waiting) {
      this.next = message;
      return;
    }
    this.number += 1;
    this.waiting = kind === "train";
    this.el.classList.toggle("busy", this.waiting);
    this.model.send({ ...message, number: this.number });
    // An answer that never comes must not block the sliders for ever.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.goOn(), 250);
  }

  goOn() {
    this.waiting = false;
    if (this.next) {
      const { kind, ...rest } = this.next;
      this.next = null;
      this.ask(kind, rest);
    }
  }

  receive() {
    const state = this.model.get("state");
    this.sure = state.sure;
    if (state.neurons) {
      this.neurons.src = state.neurons;
      this.neurons.hidden = false;
    } else if (this.shown !== state.call) {
      this.neurons.hidden = true;
    }
    this.shown = state.call;
    clearTimeout(this.timer);
    this.el.classList.remove("busy");
    this.goOn();
    if (!this.waiting) {
      this.places = { ...state.places };
      for (const [name, { input, tell }] of Object.entries(this.sliders)) {
        input.value = this.places[name];
        tell();
      }
    }
    this.draw();
  }

  choose(point) {
    this.places = { ...point.places };
    this.ask("train");
  }

  same(places) {
    return point => Object.entries(places).every(([name, at]) => point.places[name] === at);
  }

  draw() {
    const state = this.model.get("state");
    this.chosen = state.points.find(this.same(state.places));
    this.curve.replaceChildren(drawCurves(state.curves, this.log));
    this.curve.dataset.number = state.number;
    this.summary.textContent = `${state.score} ${short(state.mean)} ± ${short(state.deviation)}, ${state.seconds}`;
    this.words.textContent = state.words;
    this.fill.textContent = state.sure ? "Yes, train the whole map" : "Train the whole map";
    this.fillTable();
    this.dots.replaceChildren(drawDots(this.rows(), state.score, this.chosen, point => this.choose(point)));
    this.drawMap(state);
  }

  drawMap(state) {
    const [rows, columns] = this.axes.map(axis => this.choices.find(c => c.name === axis.value));
    if (!rows || !columns || rows === columns) {
      this.map.replaceChildren();
      return;
    }
    const at = (r, c) => ({ ...state.places, [rows.name]: r, [columns.name]: c });
    this.map.replaceChildren(drawMap(rows, columns, state.score, (r, c) => state.points.find(this.same(at(r, c))), (r, c) => {
      this.places = at(r, c);
      this.ask("train");
    }));
  }

  rows() {
    const key = this.sorted;
    const points = [...this.model.get("state").points];
    if (!key) return points;
    const value = p => (key in p.places ? p.places[key] : (p[key] ?? -Number.MAX_VALUE));
    return points.sort((a, b) => this.order * (value(a) - value(b)));
  }

  fillTable() {
    const head = element("tr");
    for (const [key, label] of [["mean", "mean"], ["variance", "variance"], ...this.choices.map(c => [c.name, c.label])]) {
      const cell = element("th");
      cell.scope = "col";
      const turned = this.sorted === key;
      cell.setAttribute("aria-sort", turned ? (this.order > 0 ? "ascending" : "descending") : "none");
      const button = element("button", "", label + (turned ? (this.order > 0 ? " ▲" : " ▼") : ""));
      button.type = "button";
      button.addEventListener("click", () => {
        this.order = turned ? -this.order : key === "mean" ? -1 : 1;
        this.sorted = key;
        this.draw();
      });
      cell.append(button);
      head.append(cell);
    }
    const wanted = this.filter.value.trim().toLowerCase();
    const body = this.rows().filter(p => !wanted || p.values.some(v => v.toLowerCase() === wanted) || p.values.join(" ").includes(wanted));
    const lines = body.slice(0, 500).map(point => {
      const line = element("tr", point === this.chosen ? "chosen" : "");
      for (const text of [short(point.mean), short(point.variance, 5), ...point.values]) line.append(element("td", "", text));
      line.tabIndex = 0;
      line.addEventListener("click", () => this.choose(point));
      line.addEventListener("keydown", event => { if (event.key === "Enter") this.choose(point); });
      return line;
    });
    this.table.replaceChildren(head, ...lines);
  }

  // Into a cell below, where the front end lets us; else into a field to copy from.
  use() {
    const source = this.model.get("state").call;
    const notebook = this.model.widget_manager?.context?.model?.sharedModel;
    const cell = this.el.closest(".jp-Cell");
    const own = Number(cell?.dataset.windowedListIndex ?? [...document.querySelectorAll(".jp-Notebook .jp-Cell")].indexOf(cell));
    if (typeof notebook?.insertCell === "function" && own >= 0) {
      notebook.insertCell(own + 1, { cell_type: "code", source });
      this.words.textContent = "Written into the cell below.";
    } else {
      [this.code.value, this.code.hidden] = [source, false];
      this.code.select();
    }
  }
}

function render({ model, el }) {
  const view = new Explorer(model, el);
  return () => view.close();
}

export default { render };
