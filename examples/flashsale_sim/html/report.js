"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const number = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
  const compact = new Intl.NumberFormat("en-US", { notation: "compact", maximumFractionDigits: 1 });

  // --- text

  const element = (name, text, className) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  };
  const moment = (seconds) => {
    const whole = Math.abs(Math.round(seconds * 10) / 10);
    const minutes = Math.floor(whole / 60);
    const rest = (whole - minutes * 60).toFixed(1).padStart(4, "0");
    return `${seconds < 0 ? "\u2212" : ""}${String(minutes).padStart(2, "0")}:${rest}`;
  };
  // The units that times are shown in, each for spans from `from` seconds on.
  const units = [
    { name: "days", short: "d", seconds: 86400, from: 129600 }, { name: "hours", short: "h", seconds: 3600, from: 10800 },
    { name: "minutes", short: "min", seconds: 60, from: 120 }, { name: "seconds", short: "s", seconds: 1, from: 1 },
    { name: "milliseconds", short: "ms", seconds: 1e-3, from: 0 },
  ];
  const unitFor = (seconds) => units.find((unit) => Math.abs(seconds) >= unit.from);
  const span = (seconds) => {
    const unit = unitFor(seconds);
    return `${number.format(seconds / unit.seconds)} ${unit.short}`;
  };
  const latency = (ns) => {
    if (ns < 1e3) return `${number.format(ns)} ns`;
    if (ns < 1e6) return `${number.format(ns / 1e3)} \u00b5s`;
    if (ns < 1e9) return `${number.format(ns / 1e6)} ms`;
    return `${number.format(ns / 1e9)} s`;
  };
  // columns: [{name, text?}]; rows: arrays of values
  const table = (caption, columns, rows) => {
    const made = element("table");
    made.append(element("caption", caption, "quiet"));
    const head = made.createTHead().insertRow();
    for (const column of columns) {
      const cell = element("th", column.name, column.text ? "text" : "");
      cell.scope = "col";
      head.append(cell);
    }
    const body = made.createTBody();
    for (const row of rows) {
      const line = body.insertRow();
      row.forEach((value, i) => {
        const cell = element(i === 0 ? "th" : "td", value, columns[i].text ? "text" : "");
        if (i === 0) cell.scope = "row";
        line.append(cell);
      });
    }
    return made;
  };

  // --- what stands above the plots

  document.title = data.title;
  byId("heading").textContent = data.heading;
  byId("subtitle").textContent = data.subtitle;
  const broken = data.checks.filter((check) => check.found !== 0).length;
  const verdict = byId("verdict");
  verdict.className = broken === 0 ? "holds" : "broken";
  verdict.textContent = broken === 0
    ? `\u2713 All ${data.checks.length} promises held`
    : `\u2717 ${broken} of ${data.checks.length} promises broken`;

  for (const { name, value, note } of data.figures) {
    const tile = element("div");
    const figure = element("dd", value);
    figure.append(element("small", note));
    tile.append(element("dt", name), figure);
    byId("tiles").append(tile);
  }

  // --- plots

  const samples = data.series ?? [];
  const times = samples.map((sample) => sample.t);
  const column = (name) => samples.map((sample) => sample[name]);
  const wholeNumber = (value) => (value == null ? "\u2013" : number.format(value));

  // The most frequent answers by name, the others together.
  const answerNames = () => {
    const totals = new Map();
    for (const sample of samples) {
      for (const [name, count] of Object.entries(sample.answers)) {
        totals.set(name, (totals.get(name) ?? 0) + count);
      }
    }
    return [...totals].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  };
  const answerSeries = () => {
    const names = answerNames();
    const shown = names.length > 8 ? names.slice(0, 7) : names;
    const rest = names.slice(shown.length);
    const rate = (i, wanted) => {
      const seconds = i === 0 ? 0 : times[i] - times[i - 1];
      const count = wanted.reduce((sum, name) => sum + (samples[i].answers[name] ?? 0), 0);
      return seconds > 0 && count > 0 ? count / seconds : null;
    };
    const series = shown.map((name) => ({ name, values: times.map((_, i) => rate(i, [name])) }));
    if (rest.length > 0) {
      series.push({ name: "others", values: times.map((_, i) => rate(i, rest)) });
    }
    return series;
  };

  // name -> {x, series: [{name, values, fill?, scale?}], ...}
  const timeUnit = unitFor(times.length === 0 ? 0 : times[times.length - 1] - times[0]);
  const timeAxis = {
    label: `${timeUnit.name} since ${data.origin}`, of: (t) => number.format(t / timeUnit.seconds),
  };
  const last = (name) => samples[samples.length - 1][name];
  const waits = data.waits ?? [];
  const waitedBy = (share) => waits.find((point) => point[1] >= share)[0];
  const waitUnit = unitFor(waits.length === 0 ? 0 : waits[waits.length - 1][0]);
  const plots = {
    stock: {
      x: times, xAxis: timeAxis, xText: moment, yLabel: "units", isTime: true,
      series: [
        { name: "sold", values: column("sold"), fill: true },
        { name: "in carts", values: column("reserved") },
        { name: "available", values: column("available") },
      ],
      about: () => `At the end ${number.format(last("sold"))} units were sold, ` +
        `${number.format(last("reserved"))} in carts and ${number.format(last("available"))} available.`,
    },
    queue: samples.length > 0 && "waiting" in samples[0] && {
      x: times, xAxis: timeAxis, xText: moment, yLabel: "people waiting", isTime: true,
      secondLabel: "people in the shop",
      series: [
        { name: "waiting", values: column("waiting"), fill: true },
        { name: "in the shop", values: column("in_flight"), scale: "second" },
      ],
      about: () => `At most ${number.format(Math.max(...column("waiting")))} waited at once, and ` +
        `${number.format(Math.max(...column("in_flight")))} were in the shop.`,
    },
    answers: {
      x: times, xAxis: timeAxis, xText: moment, yLabel: "answers a second", isTime: true, log: true,
      series: answerSeries(),
      about: () => `The most frequent answers were ${answerNames().slice(0, 3).join(", ")}.`,
    },
    waits: data.waits && {
      x: waits.map((point) => point[0]),
      xAxis: { label: `waited up to, in ${waitUnit.name}`, of: (t) => number.format(t / waitUnit.seconds) },
      xText: (t) => span(t), yLabel: "% of those let in", isTime: true,
      series: [{ name: "had waited no longer", values: waits.map((point) => point[1]), fill: true }],
      about: () => `Half of those let in waited up to ${span(waitedBy(50))}, 99 of 100 up to ${span(waitedBy(99))}.`,
    },
    latencies: data.latencies && {
      x: data.latencies.percentiles.map((_, i) => i),
      xAxis: { label: "percentile", of: (i) => data.latencies.percentiles[i] ?? "" },
      xText: (i) => `p${data.latencies.percentiles[i]}`, yLabel: "time to answer", log: true,
      isSteps: true, yText: latency,
      series: Object.entries(data.latencies.operations).map(([name, values]) => ({ name, values })),
      about: () => "Time to answer by operation, from the median to the slowest of all.",
    },
  };

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const axis = (label, extra) => ({
    label, stroke: style("--quiet"), labelFont: "600 12px system-ui, sans-serif",
    font: "12px system-ui, sans-serif", labelSize: 22,
    grid: { stroke: style("--grid"), width: 1 }, ticks: { stroke: style("--line"), width: 1, size: 5 },
    ...extra,
  });

  // Lines are told apart not by colour alone.
  const dashes = [
    { line: undefined, legend: "solid" }, { line: [8, 4], legend: "dashed" }, { line: [2, 3], legend: "dotted" },
  ];

  // What axes of time are divided into, in seconds.
  const timeSteps = [
    ...[-4, -3, -2, -1].flatMap((power) => [1, 2, 5].map((step) => step * 10 ** power)),
    1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200, 21600,
    ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((days) => days * 86400),
  ];

  const draw = (plot, target) => {
    const yText = plot.yText ?? wholeNumber;
    const yAxisText = plot.yText ?? ((value) => compact.format(value));
    const powersOfTen = (value) => {
      const power = Math.log10(value);
      return Math.abs(power - Math.round(power)) < 1e-9;
    };
    const yValues = (_, values) =>
      values.map((value) => (value == null || (plot.log && !powersOfTen(value)) ? "" : yAxisText(value)));
    const axes = [
      axis(plot.xAxis.label, {
        size: 30,
        values: (_, values) => values.map((value) => plot.xAxis.of(value)),
        ...(plot.isTime ? { incrs: timeSteps } : {}),
        ...(plot.isSteps ? { incrs: [1] } : {}),
      }),
      axis(plot.yLabel, { size: 66, values: yValues }),
    ];
    const scales = { x: { time: false }, y: plot.log ? { distr: 3 } : { range: (_, low, high) => [0, high * 1.05 || 1] } };
    if (plot.secondLabel) {
      axes.push(axis(plot.secondLabel, {
        scale: "second", side: 1, size: 66, values: yValues, grid: { show: false },
      }));
      scales.second = { range: (_, low, high) => [0, high * 1.05 || 1] };
    }
    const series = plot.series.map((one, i) => {
      const color = style(`--c${i % 8}`);
      return {
        label: one.name, stroke: color, width: 2, scale: one.scale ?? "y",
        fill: one.fill ? `${color}22` : undefined,
        dash: dashes[i % 3].line,
        points: { show: plot.isSteps === true, size: 7, fill: color },
        value: (_, value) => (value == null ? "\u2013" : yText(value)),
      };
    });
    return new uPlot({
      width: Math.max(target.clientWidth, 280), height: 300, axes, scales,
      series: [{ label: plot.xAxis.label, value: (_, value) => (value == null ? "\u2013" : plot.xText(value)) }, ...series],
      legend: { markers: { width: 3, dash: (_, i) => dashes[(i + 2) % 3].legend } },
      cursor: { drag: { x: true, y: false } },
    }, [plot.x, ...plot.series.map((one) => one.values)], target);
  };

  const drawn = [];
  for (const section of document.querySelectorAll("section.plot")) {
    const plot = plots[section.dataset.plot];
    if (!plot || plot.x.length === 0) {
      section.remove();
      continue;
    }
    if (data.notes[section.dataset.plot]) section.querySelector("p").textContent = data.notes[section.dataset.plot];
    const title = section.querySelector("h2").textContent;
    const chart = element("div", undefined, "chart");
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", `${title}: ${plot.about()} The table below has the figures.`);
    const details = element("details");
    const scroll = element("div", undefined, "scroll");
    scroll.tabIndex = 0;
    details.append(element("summary", `${title} as a table`), scroll);
    // Long tables are made when somebody wants them, and hold about a hundred of the rows.
    details.addEventListener("toggle", () => {
      if (!details.open || scroll.firstChild) return;
      const step = Math.max(1, Math.ceil(plot.x.length / 100));
      const rows = plot.x.map((x, i) => [plot.xText(x), ...plot.series.map((one) =>
        one.values[i] == null ? "\u2013" : (plot.yText ?? wholeNumber)(one.values[i]))]);
      scroll.append(table(title, [{ name: plot.xAxis.label }, ...plot.series.map((one) => ({ name: one.name }))],
        rows.filter((_, i) => i % step === 0 || i === rows.length - 1)));
    });
    section.append(chart, details);
    drawn.push({ plot, chart, shown: draw(plot, chart) });
  }
  const redraw = () => {
    for (const one of drawn) {
      one.shown.destroy();
      one.shown = draw(one.plot, one.chart);
    }
  };
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.addEventListener("resize", () => {
    for (const one of drawn) one.shown.setSize({ width: Math.max(one.chart.clientWidth, 280), height: 300 });
  });

  // --- what stands below the plots

  const addTable = ({ title, note, columns, rows }, before) => {
    if (rows.length === 0) return;
    const section = element("section", undefined, "table");
    const heading = element("h2", title);
    heading.id = `${title.toLowerCase().replaceAll(/[^a-z]+/g, "-")}-heading`;
    section.setAttribute("aria-labelledby", heading.id);
    const scroll = element("div", undefined, "scroll");
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", `${title}, as a table`);
    scroll.append(table(title, columns, rows));
    section.append(heading);
    if (note) section.append(element("p", note));
    section.append(scroll);
    byId("main").insertBefore(section, before);
  };
  for (const one of data.tables) addTable(one, byId("promises").closest("section"));
  addTable(data.options, null);

  byId("proof").textContent = data.proof;
  const promises = table("Promises and breaches",
    [{ name: "promise" }, { name: "verdict" }, { name: "breaches" }, { name: "counted as" }],
    data.checks.map((check) => [check.promise, check.found === 0 ? "holds" : "BROKEN",
      number.format(check.found), check.name]));
  for (const cell of promises.querySelectorAll("td:nth-child(3n-1)")) {
    if (cell.textContent === "holds") cell.className = "holds-text";
    if (cell.textContent === "BROKEN") cell.className = "broken-text";
  }
  byId("promises").append(promises);

  for (const turn of data.timeline) {
    const line = element("li");
    line.append(element("time", moment(turn.t)), turn.what);
    byId("story").append(line);
  }
  if (data.timeline.length === 0) byId("story").closest("section").remove();
})();
