/* The gallery: filters, order, maps, a viewer, the keyboard, and all of it in the address (after #) so that it can be
   sent to a colleague. Text from the data is only ever set as text, never as HTML. */
"use strict";

(function () {
  const DATA = window.LESIONMAP;
  const CHUNK = 120; // cards added to the page at a time
  const NO_STATE = "images"; // the address of the untouched gallery; no element has this id, so nothing scrolls
  const FILTERS = { split: "split", class: "label", outcome: "outcome", predicted: "predicted" };
  const DEFAULTS = {
    split: "", class: "", predicted: "", outcome: "", finding: "", find: "",
    sort: "confidence", order: "down", map: DATA.maps.length ? DATA.maps[0].name : "",
    opacity: "", outline: "on", side: "", image: "",
    ...DATA.start,
  };
  const $ = (id) => document.getElementById(id);
  const grid = $("grid");
  const viewer = $("viewer");
  const help = $("help");
  let state = { ...DEFAULTS };
  let metrics = []; // the scores of maps that some image has
  let shown = []; // the rows that pass the filters, in order
  let zoom = { scale: 1, x: 0, y: 0 };

  /* ---------------------------------------------------------------- the address */

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const next = { ...DEFAULTS };
    for (const key of Object.keys(DEFAULTS)) if (given.has(key)) next[key] = given.get(key);
    if (next.map && !mapNamed(next.map)) next.map = DEFAULTS.map;
    if (!metrics.includes(next.sort) && !Object.hasOwn(ORDERS, next.sort)) next.sort = DEFAULTS.sort;
    if (!(Number(next.opacity) >= 0 && Number(next.opacity) <= 100)) next.opacity = DEFAULTS.opacity;
    return next;
  }

  function address() {
    const kept = new URLSearchParams();
    for (const [key, value] of Object.entries(state)) if (value !== DEFAULTS[key]) kept.set(key, value);
    return "#" + (kept.toString() || NO_STATE);
  }

  function isState(hash) {
    return hash.includes("=");
  }

  /* Opening an image is a step that Back undoes; everything else only replaces the address. */
  function writeAddress(step) {
    if (address() === location.hash || (address() === "#" + NO_STATE && !isState(location.hash))) return;
    if (step) location.hash = address();
    else location.replace(address());
  }

  /* ---------------------------------------------------------------- rows */

  function mapNamed(name) {
    return DATA.maps.find((map) => map.name === name);
  }

  function metricNames() {
    const names = new Set(DATA.images.flatMap((row) => Object.values(row.heat).flatMap((heat) => Object.keys(heat.scores))));
    return inOrder(names, Object.keys(DATA.metrics));
  }

  function confidence(row) {
    return Math.max(...row.p);
  }

  const ORDERS = {
    confidence: confidence,
    positive: (row) => row.p[DATA.classes.indexOf(DATA.positive)],
    name: null,
  };

  function value(row) {
    if (ORDERS[state.sort]) return ORDERS[state.sort](row);
    const heat = row.heat[state.map];
    return heat && heat.scores[state.sort] !== undefined ? heat.scores[state.sort] : null;
  }

  function passes(row) {
    for (const [key, column] of Object.entries(FILTERS)) if (state[key] && row[column] !== state[key]) return false;
    if (state.finding && !row.outlines.some(([finding]) => finding === state.finding)) return false;
    return !state.find || (row.id + " " + row.name + " " + row.group).toLowerCase().includes(state.find.toLowerCase());
  }

  function ordered(rows) {
    const sign = state.order === "up" ? 1 : -1;
    if (state.sort === "name") return sign === 1 ? [...rows].reverse() : rows;
    const keyed = rows.map((row, place) => ({ row, place, key: value(row) }));
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.place - b.place;
      return sign * (a.key - b.key) || a.place - b.place;
    });
    return keyed.map((item) => item.row);
  }

  /* ---------------------------------------------------------------- pictures */

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function file(folder, row) {
    return folder.split("/").concat(row.id + ".webp").map(encodeURIComponent).join("/");
  }

  function picture(src, className, alt) {
    const image = element("img", className);
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = alt;
    image.src = src;
    return image;
  }

  /* An image, the colours of a map over it, and the outlines of its regions. */
  function stack(row, folder, map) {
    const box = element("span", "stack");
    box.style.aspectRatio = row.width + " / " + row.height;
    box.style.setProperty("--aspect", row.width / row.height);
    box.append(picture(file(folder, row), "base", description(row)));
    const heat = map && row.heat[map.name];
    if (heat && heat.drawn) box.append(picture(file(map.folder, row), "heat", ""));
    if (row.outlines.length) box.append(outlines(row));
    return box;
  }

  function outlines(row) {
    const SVG = "http://www.w3.org/2000/svg";
    const drawing = document.createElementNS(SVG, "svg");
    drawing.setAttribute("class", "outlines");
    drawing.setAttribute("viewBox", "0 0 " + row.width + " " + row.height);
    drawing.setAttribute("preserveAspectRatio", "none");
    drawing.setAttribute("aria-hidden", "true");
    for (const layer of ["under", "over"])
      for (const [finding, path] of row.outlines) {
        const line = document.createElementNS(SVG, "path");
        line.setAttribute("class", layer);
        line.setAttribute("d", path);
        line.dataset.finding = finding;
        drawing.append(line);
      }
    return drawing;
  }

  function description(row) {
    const truth = row.label ? "labelled " + row.label + ", " : "";
    const regions = row.outlines.length ? "; " + row.outlines.length + " marked region(s)" : "";
    return "Image " + row.name + ", " + truth + "predicted " + row.predicted + " (" + number(confidence(row)) + ")" + regions
      + (row.warning ? "; " + row.warning : "");
  }

  function number(given) {
    return given === null || given === undefined ? "\u2013" : given.toFixed(2);
  }

  function badge(row) {
    const words = row.outcome || "predicted " + row.predicted;
    const kind = /^(true|correct)/.test(row.outcome) ? "right" : row.outcome ? "wrong" : "open";
    return element("span", "badge " + kind, words);
  }

  /* ---------------------------------------------------------------- the grid */

  function card(row, place) {
    const button = element("button", "card");
    button.type = "button";
    button.dataset.place = place;
    button.dataset.id = row.id;
    button.tabIndex = place === 0 ? 0 : -1;
    const thumb = element("span", "thumb");
    thumb.append(stack(row, "thumbnails", mapNamed(state.map)));
    button.append(thumb);
    const caption = element("span", "caption");
    caption.append(badge(row));
    caption.append(element("span", "figure", number(state.sort === "name" ? confidence(row) : value(row))));
    if (row.warning) caption.append(element("span", "badge wrong", row.warning));
    if (DATA.classes.length > 2 && row.label) {
      const truth = row.label === row.predicted ? row.label : row.label + " \u2192 " + row.predicted;
      caption.append(element("span", "truth", truth));
    }
    caption.append(element("span", "name", row.name));
    button.append(caption);
    const item = element("li");
    item.append(button);
    return item;
  }

  function addChunk() {
    const from = grid.children.length;
    const more = shown.slice(from, from + CHUNK).map((row, offset) => card(row, from + offset));
    grid.append(...more);
    $("more").hidden = grid.children.length >= shown.length;
  }

  function drawGrid() {
    shown = ordered(DATA.images.filter(passes));
    grid.replaceChildren();
    addChunk();
    const all = DATA.images.length;
    $("count").textContent = shown.length === all ? all + " images" : shown.length + " of " + all + " images";
    $("nothing").hidden = shown.length > 0;
  }

  function cardAt(place) {
    while (place >= grid.children.length && grid.children.length < shown.length) addChunk();
    return grid.children[place] ? grid.children[place].firstElementChild : null;
  }

  function focusCard(place) {
    const next = cardAt(Math.min(Math.max(place, 0), shown.length - 1));
    if (!next) return;
    for (const other of grid.querySelectorAll('[tabindex="0"]')) other.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }

  function columns() {
    const tops = [...grid.children].slice(0, 60).map((item) => item.offsetTop);
    const first = tops.findIndex((top) => top > tops[0]);
    return first === -1 ? Math.max(tops.length, 1) : first;
  }

  /* ---------------------------------------------------------------- the viewer */

  function place() {
    return shown.findIndex((row) => row.id === state.image);
  }

  function drawViewer() {
    const row = DATA.images.find((candidate) => candidate.id === state.image);
    if (!row) {
      if (viewer.open) viewer.close();
      return;
    }
    const at = place();
    $("viewer-title").textContent = row.name;
    $("viewer-place").textContent = at === -1 ? "not among the images shown" : at + 1 + " of " + shown.length;
    $("viewer-previous").disabled = at <= 0;
    $("viewer-next").disabled = at === -1 || at >= shown.length - 1;
    $("panels").replaceChildren(...panels(row));
    $("facts").replaceChildren(...facts(row));
    if (!viewer.open) viewer.showModal();
    applyZoom();
  }

  function panels(row) {
    const beside = state.side === "on" && DATA.maps.length;
    const maps = beside ? [null, ...DATA.maps] : [mapNamed(state.map) || null];
    $("panels").dataset.count = maps.length;
    return maps.map((map) => {
      const panel = element("figure", "panel");
      const frame = element("div", "frame");
      frame.append(stack(row, "images", map));
      panel.append(frame);
      const caption = element("figcaption");
      caption.append(element("strong", "", map ? map.name : "image"));
      if (map) caption.append(...mapWords(row, map));
      panel.append(caption);
      return panel;
    });
  }

  /* What a map is, which class its colours speak for whatever was predicted, and what the strongest one means. */
  function aboutMap(map) {
    const targets = new Set(DATA.images.map((row) => row.heat[map.name]?.target).filter(Boolean));
    const [target] = targets.size === 1 ? targets : ["the class that is named beside the large image"];
    const words = [map.about, targets.size ? "colours speak for " + target : "", map.policy ? "strongest colour: " + map.policy : ""];
    return words.filter(Boolean).join("; ");
  }

  function mapWords(row, map) {
    const heat = row.heat[map.name];
    if (!heat) return [element("span", "quiet", "no map was made of this image")];
    if (heat.status !== "ok") return [element("span", "quiet", "empty: " + heat.status.replaceAll("_", " "))];
    const words = [];
    if (heat.target) words.push(element("span", "quiet", "explains " + heat.target));
    if (map.colors.length) words.push(colourBar(map, heat));
    return words;
  }

  function colourBar(map, heat) {
    const bar = element("span", "colours");
    const strip = element("span", "strip");
    strip.style.backgroundImage = "linear-gradient(to right, " + map.colors.map((color) => color.slice(0, 7)).join(", ") + ")";
    const unit = map.unit ? " " + map.unit : "";
    bar.append(element("span", "", end(heat.ends[0])), strip, element("span", "", end(heat.ends[1]) + unit));
    bar.title = map.policy;
    return bar;
  }

  function end(given) {
    return given === null ? "" : String(Number(given.toPrecision(3)));
  }

  function facts(row) {
    const list = element("dl");
    const add = (term, words) => {
      if (!words) return;
      list.append(element("dt", "", term));
      const definition = element("dd");
      definition.append(words);
      list.append(definition);
    };
    if (row.outcome) add("Outcome", badge(row));
    add("Label", row.label);
    add("Predicted", row.predicted);
    add("Findings marked", [...new Set(row.outlines.map(([finding]) => finding))].join(", "));
    add("Part", row.split + (row.fold >= 0 ? ", fold " + row.fold : ""));
    add("Group", row.group);
    add("Stored size", row.width + " \u00d7 " + row.height + " pixels");
    if (row.warning) add("Warning", element("span", "badge wrong", row.warning));
    add("Note", row.note);
    const scores = scoreTable(row);
    return [probabilities(row), list, scores].filter(Boolean);
  }

  function probabilities(row) {
    const table = element("table", "probabilities");
    table.createCaption().textContent = "Probability (" + (DATA.probability || "uncalibrated") + ")";
    DATA.classes.forEach((name, at) => {
      const line = table.insertRow();
      line.append(element("th", "", name));
      const share = element("span", "share");
      share.append(element("i"));
      share.firstChild.style.width = row.p[at] * 100 + "%";
      line.insertCell().append(share);
      line.insertCell().textContent = row.p[at].toFixed(3);
    });
    return table;
  }

  function scoreTable(row) {
    const maps = DATA.maps.filter((map) => row.heat[map.name] && Object.keys(row.heat[map.name].scores).length);
    if (!maps.length) return null;
    const table = element("table", "scores");
    table.createCaption().textContent = "How well the map points at the marked region (1 is best)";
    const head = table.createTHead().insertRow();
    head.append(element("th", "", "Measure"), ...maps.map((map) => element("th", "", map.name)));
    const body = table.createTBody();
    for (const metric of metrics) {
      const line = body.insertRow();
      line.append(element("th", "", words(metric)));
      for (const map of maps) line.insertCell().textContent = number(row.heat[map.name].scores[metric]);
    }
    return table;
  }

  function words(metric) {
    return DATA.metrics[metric] || metric.replaceAll("_", " ");
  }

  function step(by) {
    const next = shown[place() + by];
    if (place() === -1 || !next) return;
    change({ image: next.id });
  }

  /* ---------------------------------------------------------------- zoom, the same in all panels */

  function applyZoom() {
    zoom.scale = Math.min(Math.max(zoom.scale, 1), 16);
    const room = (zoom.scale - 1) / 2;
    zoom.x = Math.min(Math.max(zoom.x, -room), room); // in widths of the picture
    zoom.y = Math.min(Math.max(zoom.y, -room), room);
    for (const box of $("panels").querySelectorAll(".stack"))
      box.style.transform = "translate(" + zoom.x * 100 + "%, " + zoom.y * 100 + "%) scale(" + zoom.scale + ")";
    $("panels").dataset.zoom = zoom.scale.toFixed(2);
  }

  function zoomBy(factor, x, y) {
    const before = zoom.scale;
    zoom.scale = Math.min(Math.max(before * factor, 1), 16);
    const ratio = zoom.scale / before;
    zoom.x = x - (x - zoom.x) * ratio;
    zoom.y = y - (y - zoom.y) * ratio;
    applyZoom();
  }

  function resetZoom() {
    zoom = { scale: 1, x: 0, y: 0 };
    applyZoom();
  }

  function onFrame(event) {
    const frame = event.target.closest(".frame");
    if (!frame) return null;
    const box = frame.querySelector(".stack");
    const bounds = frame.getBoundingClientRect();
    return {
      x: (event.clientX - bounds.left - bounds.width / 2) / box.offsetWidth,
      y: (event.clientY - bounds.top - bounds.height / 2) / box.offsetHeight,
      width: box.offsetWidth,
      height: box.offsetHeight,
    };
  }

  const fingers = new Map();

  function pinch() {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a.x - b.x, a.y - b.y);
  }

  function listenZoom() {
    const area = $("panels");
    area.addEventListener("wheel", (event) => {
      const at = onFrame(event);
      if (!at) return;
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 300), at.x, at.y);
    }, { passive: false });
    area.addEventListener("dblclick", (event) => {
      const at = onFrame(event);
      if (!at) return;
      if (zoom.scale > 1) resetZoom();
      else zoomBy(3, at.x, at.y);
    });
    area.addEventListener("pointerdown", (event) => {
      const at = onFrame(event);
      if (!at) return;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      event.target.setPointerCapture(event.pointerId);
    });
    area.addEventListener("pointermove", (event) => {
      const last = fingers.get(event.pointerId);
      const at = last && onFrame(event);
      if (!at) return;
      const apart = fingers.size === 2 ? pinch() : 0;
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (fingers.size === 2) {
        zoomBy(pinch() / Math.max(apart, 1), at.x, at.y);
      } else {
        zoom.x += (event.clientX - last.x) / at.width;
        zoom.y += (event.clientY - last.y) / at.height;
        applyZoom();
      }
    });
    for (const kind of ["pointerup", "pointercancel"])
      area.addEventListener(kind, (event) => fingers.delete(event.pointerId));
  }

  /* ---------------------------------------------------------------- change */

  function change(what, stepBack) {
    const before = state;
    state = { ...state, ...what };
    if (state.image !== before.image) resetZoom();
    writeAddress(stepBack);
    draw(before);
  }

  function draw(before) {
    const listed = ["split", "class", "predicted", "outcome", "finding", "find", "sort", "order", "map"];
    if (!before || listed.some((key) => before[key] !== state[key])) drawGrid();
    showControls();
    if (state.image || viewer.open) drawViewer();
  }

  function showControls() {
    for (const id of ["split", "class", "predicted", "outcome", "finding", "find", "sort", "order", "map"]) {
      const control = $("filter-" + id);
      if (control) control.value = state[id];
    }
    const map = mapNamed(state.map);
    const opacity = state.opacity === "" ? (map ? Math.round(map.opacity * 100) : 60) : Number(state.opacity);
    document.documentElement.style.setProperty("--heat", String(opacity / 100));
    for (const slider of document.querySelectorAll(".opacity")) {
      slider.value = opacity;
      slider.setAttribute("aria-valuetext", opacity + " percent");
    }
    for (const picker of document.querySelectorAll(".map-picker")) picker.value = state.map;
    document.documentElement.dataset.outline = state.outline;
    for (const button of document.querySelectorAll(".outline")) button.setAttribute("aria-pressed", String(state.outline === "on"));
    for (const button of document.querySelectorAll(".side")) button.setAttribute("aria-pressed", String(state.side === "on"));
    $("map-about").textContent = DATA.maps.length ? (map ? aboutMap(map) : "the images alone") : "";
    const active = ["split", "class", "predicted", "outcome", "finding", "find"].filter((key) => state[key]).length;
    $("clear").disabled = active === 0;
  }

  function close() {
    const seen = place();
    change({ image: "" });
    if (seen >= 0) focusCard(seen);
  }

  function toggle(key) {
    change({ [key]: state[key] === "on" ? (key === "outline" ? "off" : "") : "on" });
  }

  function nextMap() {
    const names = [...DATA.maps.map((map) => map.name), ""];
    change({ map: names[(names.indexOf(state.map) + 1) % names.length] });
  }

  function opacityBy(by) {
    const now = Number(document.querySelector(".opacity").value);
    change({ opacity: String(Math.min(Math.max(now + by, 0), 100)) });
  }

  /* ---------------------------------------------------------------- keyboard */

  const KEYS = {
    m: nextMap,
    o: () => toggle("outline"),
    s: () => toggle("side"),
    "[": () => opacityBy(-10),
    "]": () => opacityBy(10),
    "?": () => (help.open ? help.close() : help.showModal()),
  };
  const VIEWER_KEYS = {
    ArrowLeft: () => step(-1),
    ArrowUp: () => step(-1),
    ArrowRight: () => step(1),
    ArrowDown: () => step(1),
    "+": () => zoomBy(1.25, 0, 0),
    "=": () => zoomBy(1.25, 0, 0),
    "-": () => zoomBy(0.8, 0, 0),
    0: resetZoom,
  };

  function gridKey(key, at) {
    const moves = {
      ArrowLeft: at - 1, ArrowRight: at + 1, ArrowUp: at - columns(), ArrowDown: at + columns(),
      Home: 0, End: shown.length - 1, PageDown: at + 4 * columns(), PageUp: at - 4 * columns(),
    };
    if (!(key in moves)) return false;
    focusCard(moves[key]);
    return true;
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const typing = event.target.matches("select, input, textarea");
    if (event.key === "/" && !typing && !viewer.open) {
      event.preventDefault();
      $("filter-find").focus();
      return;
    }
    if (typing) return;
    const at = event.target.closest(".card");
    if (help.open && event.key !== "?") return;
    if (viewer.open && VIEWER_KEYS[event.key]) {
      event.preventDefault();
      VIEWER_KEYS[event.key]();
    } else if (!viewer.open && at && gridKey(event.key, Number(at.dataset.place))) {
      event.preventDefault();
    } else if (KEYS[event.key]) {
      event.preventDefault();
      KEYS[event.key]();
    }
  }

  /* ---------------------------------------------------------------- start */

  function fill(id, values, labels) {
    const control = $("filter-" + id);
    for (const each of values) {
      const option = element("option", "", labels ? labels[each] || each : each);
      option.value = each;
      control.append(option);
    }
    if (values.length < 2 && control.dataset.optional !== undefined) control.closest("label").hidden = true;
  }

  function distinct(values) {
    return [...new Set(values)].filter(Boolean);
  }

  function inOrder(values, order) {
    const rank = (each) => (order.includes(each) ? order.indexOf(each) : order.length);
    return [...values].sort((a, b) => rank(a) - rank(b));
  }

  /* The frame of all thumbnails has the shape of the middle one of the images, within reason. */
  function frame() {
    const shapes = DATA.images.map((row) => row.width / row.height).sort((a, b) => a - b);
    return Math.min(Math.max(shapes[shapes.length >> 1] || 1, 0.75), 1.5);
  }

  function fillControls() {
    const rows = DATA.images;
    grid.style.setProperty("--frame", String(frame()));
    fill("split", inOrder(distinct(rows.map((row) => row.split)), ["test", "validation", "train"]));
    fill("class", DATA.classes.filter((name) => rows.some((row) => row.label === name)));
    fill("predicted", DATA.classes);
    fill("outcome", inOrder(distinct(rows.map((row) => row.outcome)),
      ["false negative", "false positive", "wrong", "true positive", "true negative", "correct"]));
    fill("finding", distinct(rows.flatMap((row) => row.outlines.map(([finding]) => finding))).sort());
    const sorts = ["confidence", "positive", ...metrics, "name"];
    const labels = { confidence: "confidence", positive: "probability of " + DATA.positive, name: "name" };
    for (const metric of metrics) labels[metric] = "map score: " + words(metric);
    fill("sort", sorts, labels);
    for (const picker of document.querySelectorAll(".map-picker")) {
      for (const map of DATA.maps) {
        const option = element("option", "", map.name);
        option.value = map.name;
        picker.append(option);
      }
      const none = element("option", "", "no map");
      none.value = "";
      picker.append(none);
    }
    for (const part of document.querySelectorAll(".needs-map")) part.hidden = !DATA.maps.length;
    for (const part of document.querySelectorAll(".needs-region")) part.hidden = !rows.some((row) => row.outlines.length);
  }

  function listen() {
    for (const id of ["split", "class", "predicted", "outcome", "finding", "sort", "order"])
      $("filter-" + id).addEventListener("change", (event) => change({ [id]: event.target.value }));
    $("filter-find").addEventListener("input", (event) => change({ find: event.target.value }));
    for (const picker of document.querySelectorAll(".map-picker"))
      picker.addEventListener("change", (event) => change({ map: event.target.value }));
    for (const slider of document.querySelectorAll(".opacity"))
      slider.addEventListener("input", (event) => change({ opacity: event.target.value }));
    for (const button of document.querySelectorAll(".outline")) button.addEventListener("click", () => toggle("outline"));
    for (const button of document.querySelectorAll(".side")) button.addEventListener("click", () => toggle("side"));
    for (const button of document.querySelectorAll(".show-help")) button.addEventListener("click", () => help.showModal());
    $("clear").addEventListener("click", () =>
      change({ split: "", class: "", predicted: "", outcome: "", finding: "", find: "" }));
    grid.addEventListener("click", (event) => {
      const clicked = event.target.closest(".card");
      if (clicked) change({ image: clicked.dataset.id }, true);
    });
    $("viewer-previous").addEventListener("click", () => step(-1));
    $("viewer-next").addEventListener("click", () => step(1));
    $("viewer-close").addEventListener("click", close);
    viewer.addEventListener("cancel", (event) => {
      event.preventDefault();
      close();
    });
    $("help-close").addEventListener("click", () => help.close());
    $("more").addEventListener("click", addChunk);
    new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting) && !$("more").hidden) addChunk();
    }, { rootMargin: "600px" }).observe($("more"));
    document.addEventListener("keydown", onKey);
    window.addEventListener("hashchange", () => {
      if (address() === location.hash) return;
      const before = state;
      const elsewhere = location.hash && !isState(location.hash) && location.hash !== "#" + NO_STATE;
      state = elsewhere ? { ...state, image: "" } : readAddress();
      if (state.image !== before.image) zoom = { scale: 1, x: 0, y: 0 };
      draw(before);
    });
    listenZoom();
  }

  metrics = metricNames();
  fillControls();
  listen();
  state = readAddress();
  draw(null);
  if (isState(location.hash) && !state.image) $("gallery").scrollIntoView();
})();
