// Drawings of the sweep explorer, in SVG. Stands before explorer.js, in one module with it.

const SVG = "http://www.w3.org/2000/svg";
const SERIES = ["#0077bb", "#d55e00", "#009268", "#c0609a", "#a87900", "#6f6fd0"];
const INK = "var(--jp-ui-font-color2, #7b7b7b)";

function shape(name, attributes = {}, text = "") {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  return node;
}

function element(name, className = "", text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function short(value, digits = 3) {
  if (value === null) return "–";
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(1);
  return value.toFixed(digits);
}

// Four to eight round numbers between two ends.
function ticks(low, high) {
  const span = Math.max(high - low, 1e-12);
  const power = 10 ** Math.floor(Math.log10(span / 4));
  const step = [5, 2].map(m => m * power).find(s => span / s >= 4) ?? power;
  const found = [];
  for (let k = Math.ceil(low / step); k * step <= high + 1e-9 * span; k += 1) found.push(k * step);
  return found;
}

class Axes {
  constructor(width, height, x, y, log = false) {
    [this.width, this.height, this.x, this.y, this.log] = [width, height, x, y, log];
    this.left = 52;
    this.right = width - 12;
    this.top = 12;
    this.bottom = height - 34;
    this.svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img" });
  }

  atX(value) {
    const [low, high] = this.x;
    return this.left + ((value - low) / (high - low || 1)) * (this.right - this.left);
  }

  atY(value) {
    const scale = this.log ? Math.log10 : v => v;
    const [low, high] = this.y.map(scale);
    return this.bottom - ((scale(value) - low) / (high - low || 1)) * (this.bottom - this.top);
  }

  frame(xLabel, yLabel, xTicks = ticks(...this.x)) {
    const style = { fill: INK, "font-size": 10, "text-anchor": "middle" };
    const lines = this.log
      ? ticks(...this.y.map(Math.log10)).filter(Number.isInteger).map(p => 10 ** p)
      : ticks(...this.y);
    for (const value of lines) {
      const y = this.atY(value);
      this.svg.append(shape("path", { d: `M${this.left} ${y}H${this.right}`, stroke: INK, "stroke-opacity": 0.25 }));
      this.svg.append(shape("text", { ...style, x: this.left - 5, y: y + 3, "text-anchor": "end" }, `${Number(value.toPrecision(3))}`));
    }
    for (const value of xTicks) {
      this.svg.append(shape("text", { ...style, x: this.atX(value), y: this.bottom + 13 }, `${value}`));
    }
    const corner = `M${this.left} ${this.top}V${this.bottom}H${this.right}`;
    this.svg.append(shape("path", { d: corner, fill: "none", stroke: INK }));
    this.svg.append(shape("text", { ...style, x: (this.left + this.right) / 2, y: this.height - 5 }, xLabel));
    const middle = (this.top + this.bottom) / 2;
    this.svg.append(shape("text", { ...style, transform: `rotate(-90 11 ${middle})`, x: 11, y: middle }, yLabel));
  }
}

// Cost by epoch: a thin line for each fold, a thick one for their mean.
function drawCurves(curves, log) {
  const known = curves.map(curve => curve.filter(([, cost]) => cost !== null && (!log || cost > 0)));
  const costs = known.flat().map(([, cost]) => cost);
  const last = Math.max(1, ...curves.flat().map(([epoch]) => epoch));
  const high = Math.max(...costs, 1e-6);
  const low = log ? Math.min(...costs, high) : 0;
  const axes = new Axes(470, 240, [0, last], [low, high * 1.04], log && low > 0);
  axes.frame("epoch", "cost");
  axes.svg.setAttribute("aria-label", `Cost by epoch of ${curves.length} folds`);
  const path = points => points.map(([e, c]) => `${axes.atX(e).toFixed(1)},${axes.atY(c).toFixed(1)}`).join(" ");
  known.forEach((curve, fold) => {
    const colour = SERIES[fold % SERIES.length];
    axes.svg.append(shape("polyline", { points: path(curve), fill: "none", stroke: colour, "stroke-opacity": 0.65 }));
  });
  const whole = known.filter(curve => curve.length === (known[0]?.length ?? 0));
  const mean = (known[0] ?? []).map(([epoch], at) => [
    epoch, whole.reduce((sum, curve) => sum + curve[at][1], 0) / whole.length,
  ]);
  if (mean.length) {
    axes.svg.append(shape("polyline", {
      points: path(mean), fill: "none", stroke: "var(--jp-ui-font-color1, #7b7b7b)", "stroke-width": 2.4,
    }));
  }
  return axes.svg;
}

// The paper's Fig. 9: the score of each setting, with one standard deviation each way.
function drawDots(points, score, chosen, choose) {
  const ends = points.flatMap(p => (p.mean === null ? [] : [p.mean - Math.sqrt(p.variance), p.mean + Math.sqrt(p.variance)]));
  const [low, high] = ends.length ? [Math.min(...ends), Math.max(...ends)] : [0, 1];
  const margin = 0.06 * (high - low) + 0.005;
  const axes = new Axes(470, 190, [0, points.length + 1], [low - margin, high + margin]);
  const numbers = ticks(1, Math.max(points.length, 2)).filter(Number.isInteger);
  axes.frame("setting, in the order of the table", score, numbers);
  axes.svg.setAttribute("aria-label", `${score} of ${points.length} settings`);
  points.forEach((point, at) => {
    if (point.mean === null) return;
    const [x, spread] = [axes.atX(at + 1), Math.sqrt(point.variance)];
    const colour = point === chosen ? SERIES[1] : SERIES[0];
    const bar = `M${x} ${axes.atY(point.mean - spread)}V${axes.atY(point.mean + spread)}`;
    axes.svg.append(shape("path", { d: bar, stroke: colour, "stroke-opacity": 0.5 }));
    const dot = shape("circle", { cx: x, cy: axes.atY(point.mean), r: point === chosen ? 5 : 3.2, fill: colour, class: "dot" });
    dot.append(shape("title", {}, `${point.values.join(", ")}: ${short(point.mean)}`));
    dot.addEventListener("click", () => choose(point));
    axes.svg.append(dot);
  });
  return axes.svg;
}

// The score over two hyperparameters; cells that were not trained are empty.
function drawMap(rows, columns, score, cell, choose) {
  const [side, left, top] = [Math.min(44, 400 / columns.values.length), 96, 18];
  const [width, height] = [left + side * columns.values.length + 10, top + side * rows.values.length + 34];
  const svg = shape("svg", { viewBox: `0 0 ${width} ${height}`, width, role: "img",
    "aria-label": `${score} over ${rows.label} and ${columns.label}` });
  const found = rows.values.map((_, r) => columns.values.map((__, c) => cell(r, c)));
  const means = found.flat().filter(p => p && p.mean !== null).map(p => p.mean);
  // R2 has no least value: one bad setting must not make all others look alike.
  const [low, high] = [Math.max(Math.min(...means), Math.min(-1, Math.max(...means))), Math.max(...means)];
  const style = { fill: INK, "font-size": 10, "text-anchor": "middle" };
  found.forEach((line, r) => {
    svg.append(shape("text", { ...style, x: left - 5, y: top + side * (r + 0.5) + 3, "text-anchor": "end" }, rows.values[r]));
    line.forEach((point, c) => {
      const share = point && point.mean !== null ? Math.max(0, point.mean - low) / (high - low || 1) : 0;
      const box = shape("rect", {
        x: left + side * c, y: top + side * r, width: side - 1.5, height: side - 1.5, rx: 2, class: "cell",
        fill: point ? SERIES[0] : "none", "fill-opacity": point ? 0.12 + 0.85 * share : 0, stroke: INK, "stroke-opacity": 0.35,
      });
      const mean = point ? short(point.mean) : "not trained";
      box.append(shape("title", {}, `${rows.label} ${rows.values[r]}, ${columns.label} ${columns.values[c]}: ${mean}`));
      box.addEventListener("click", () => choose(r, c));
      svg.append(box);
    });
  });
  columns.values.forEach((value, c) => {
    if (columns.values.length <= 12 || c % 2 === 0) {
      svg.append(shape("text", { ...style, x: left + side * (c + 0.5), y: top + side * rows.values.length + 12 }, value));
    }
  });
  svg.append(shape("text", { ...style, x: left + (side * columns.values.length) / 2, y: height - 4 }, columns.label));
  svg.append(shape("text", { ...style, x: left - 5, y: 12, "text-anchor": "end" }, rows.label));
  return svg;
}
