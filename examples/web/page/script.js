// Asks the machine how it is every second, and shows what it says.
"use strict";

const $ = id => document.getElementById(id);
const pause = 1000; // milliseconds
const kept = 90; // values in a curve

const history = { heap: [], interrupts: [] };
let before = null; // the state before this one

function bytes(n) {
  if (!n) return "0";
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const i = Math.min(Math.floor(Math.log2(n) / 10), units.length - 1);
  const v = n / 1024 ** i;
  return (Number.isInteger(v) || v >= 100 ? v.toFixed(0) : v.toPrecision(3)) + " " + units[i];
}

function duration(s) {
  if (s < 60) return s.toFixed(1) + " s";
  const two = n => String(Math.floor(n)).padStart(2, "0");
  const time = Math.floor(s / 3600) % 24 + ":" + two(s / 60 % 60) + ":" + two(s % 60);
  const days = Math.floor(s / 86400);
  return days ? days + " d " + time : time;
}

const count = n => n.toLocaleString("en");
const hex = n => "0x" + n.toString(16).padStart(8, "0");

function texts(m, rate) {
  const p = m.processor, c = m.memory, g = m.go;
  return {
    "name": m.name || "machine",
    "kernel": m.kernel,
    "addresses": m.addresses.join(", ") || "no network",
    "version": m.version,
    "uptime": duration(m.uptime),
    "cores": p.cores.length,
    "requests": count(m.requests),
    "processor.model": p.model,
    "clock": p.megahertz ? " at " + (p.megahertz / 1000).toFixed(2) + " GHz" : "",
    "memory.total": bytes(c.total),
    "memory.free": bytes(c.free),
    "memory.files": bytes(c.files),
    "memory.pageTables": bytes(c.pageTables),
    "memory.rest": bytes(c.rest),
    "go.version": g.version,
    "go.procs": g.procs,
    "go.goroutines": count(g.goroutines),
    "go.threads": count(g.threads),
    "go.cycles": count(g.cycles),
    "go.gcSeconds": (g.gcSeconds * 1000).toFixed(1) + " ms",
    "go.objects": count(g.objects),
    "go.heap": bytes(g.heap),
    "go.goal": bytes(g.goal),
    "go.stacks": bytes(g.stacks),
    "go.total": bytes(g.total),
    "interrupts.total": count(m.interrupts.total),
    "interrupts.switches": count(m.interrupts.switches),
    "rate": rate === null ? "–" : count(Math.round(rate)),
  };
}

// element makes a <name class=className> with text in it.
function element(name, className, text) {
  const e = document.createElement(name);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// fill makes parent have one child for each item; draw updates it.
function fill(parent, items, make, draw) {
  while (parent.children.length > items.length) parent.lastChild.remove();
  items.forEach((item, i) => {
    if (!parent.children[i]) parent.append(make());
    draw(parent.children[i], item, i);
  });
}

// curve draws values from left to right, 0 at the bottom.
function curve(svg, values) {
  const top = Math.max(...values, 1) * 1.1;
  const x = i => (120 * (i + kept - values.length) / (kept - 1)).toFixed(2);
  const y = v => (31 - 30 * v / top).toFixed(2);
  const line = values.map((v, i) => (i ? "L" : "M") + x(i) + " " + y(v)).join("");
  svg.innerHTML = `<path class="area" d="${line}V32H${x(0)}Z"/><path d="${line}"/>`;
}

function remember(list, value) {
  list.push(value);
  if (list.length > kept) list.shift();
}

const colours = [[/ram/i, "rest"], [/acpi/i, "files"], [/reserved|unusable/i, "free"]];
const colour = kind => (colours.find(([pattern]) => pattern.test(kind)) || [0, "tables"])[1];

function show(m) {
  const passed = before ? m.uptime - before.uptime : 0;
  const rate = passed > 0 ? (m.interrupts.total - before.interrupts.total) / passed : null;

  const all = texts(m, rate);
  all.live = "live";
  for (const e of document.querySelectorAll("[data-show]")) {
    const text = String(all[e.dataset.show]);
    if (e.textContent !== text) e.textContent = text;
  }
  document.title = all.name + " · " + all.uptime;
  document.body.classList.remove("lost");

  fill($("cores"), m.processor.cores, () => {
    const e = element("div");
    e.append(element("b"), element("span"), element("i"));
    return e;
  }, (e, core, i) => {
    const old = before && before.processor.cores[i] || { busy: 0, idle: 0 };
    const busy = core.busy - old.busy, idle = core.idle - old.idle;
    const percent = busy + idle > 0 ? Math.round(100 * busy / (busy + idle)) : 0;
    e.children[0].textContent = "core " + i;
    e.children[1].textContent = percent + " %";
    e.children[2].style.setProperty("--busy", percent + "%");
  });

  const uses = [["rest", m.memory.rest], ["tables", m.memory.pageTables], ["files", m.memory.files], ["free", m.memory.free]];
  fill($("memory"), uses, () => element("i"), (e, [name, size]) => {
    e.className = name;
    e.style.flex = size + " 0 0";
  });

  remember(history.heap, m.go.heap);
  curve($("heap"), history.heap);
  if (rate !== null) {
    remember(history.interrupts, rate);
    curve($("interrupts"), history.interrupts);
  }
  const sources = m.interrupts.sources.flatMap(s => [["dt", s.name], ["dd", count(s.count)]]);
  $("sources").replaceChildren(...sources.map(([name, text]) => element(name, "", text)));

  fill($("map"), m.map, () => element("i"), (e, r) => {
    e.className = colour(r.kind);
    e.style.flex = Math.max(Math.log2(r.size / 1024), 1) ** 2 + " 0 0";
    e.title = r.kind + ", " + bytes(r.size);
  });
  fill($("regions"), m.map, () => {
    const row = element("tr");
    row.append(element("td"), element("td"), element("td"), element("td"));
    return row;
  }, (row, r) => {
    const [from, to, size, kind] = row.children;
    from.textContent = hex(r.start);
    to.textContent = hex(r.start + r.size - 1);
    size.textContent = bytes(r.size);
    if (kind.textContent !== r.kind) kind.replaceChildren(element("i", colour(r.kind)), r.kind);
  });
  before = m;
}

async function ask() {
  try {
    const response = await fetch("machine.json", { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(response.statusText);
    show(await response.json());
  } catch {
    document.body.classList.add("lost");
    document.querySelector("[data-show=live]").textContent = "no answer";
  }
  setTimeout(ask, pause);
}

show(JSON.parse($("machine").textContent));
setTimeout(ask, pause);
