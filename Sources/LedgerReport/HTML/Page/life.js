// The life of a page: what the evidence shows in lanes over time. Events are evenly spaced, as the telling ones
// lie microseconds apart behind long silence; the time between them is written.

const LEFT = 96, LANE = 34, TOP = 62;

function lifePicture(capture, item, select) {
  const events = item.detail.events;
  const lanes = usedLanes(events);
  const step = Math.min(150, Math.max(106, 720 / events.length));
  const width = LEFT + events.length * step + 24;
  const height = TOP + lanes.length * LANE + 10;
  const svg = draw("svg", { width, height, role: "group", class: width < 1000 ? "fits" : null,
    "aria-label": "The life of the page, event by event",
    style: `--hit:var(--${item.severity})` });
  const x = (place) => LEFT + place * step + step / 2;
  lanes.forEach((lane, row) => {
    const y = TOP + row * LANE + LANE / 2;
    svg.append(draw("line", { class: "lane", x1: LEFT - 4, x2: width - 8, y1: y, y2: y }),
      draw("text", { x: 2, y: y + 4, class: "faint" }, LANES[lane]),
      spans(events, lane, x, y, width - 14));
  });
  svg.append(guides(events, capture, x, step, height));
  const dots = events.map((event, place) => dot(event, place, x(place), TOP + lanes.indexOf(event.lane) * LANE + LANE / 2, select));
  svg.append(...dots);
  const mark = (place) => {
    dots.forEach((node, index) => node.setAttribute("aria-pressed", index === place ? "true" : "false"));
    svg.querySelectorAll(".guide").forEach((line, index) => line.classList.toggle("on", index === place));
  };
  return { element: make("figure", { class: "figure", tabindex: "0", "aria-label": "Life of the page" }, sized(svg)), mark };
}

// The two lanes that every page has, and those with events; five always fit, so the picture keeps its shape.
function usedLanes(events) {
  return LANES.map((_, lane) => lane).filter((lane) => lane < 5 || events.some((event) => event.lane === lane));
}

function isAllocated(words) {
  if (words === "") return null;
  if (/^(free|not seen)/.test(words)) return words.startsWith("free") ? false : null;
  return true;
}

// A lane as pieces between events: true, false, or null for unknown; and the count where it is known.
function laneStates(events, lane) {
  const states = [];
  let now = null;
  if (lane === 0) {
    now = isAllocated(events[0].before);
  }
  if (lane === 1) now = countIn(events[0].before);
  states.push(now);
  for (const event of events) {
    if (lane === 0) now = isAllocated(event.after) ?? now;
    else if (lane === 1) now = event.after !== "" ? countIn(event.after) : now;
    else if (event.lane === lane) now = event.change === 1 ? true : event.change === 2 ? false : now;
    states.push(now);
  }
  return states;
}

function countIn(words) {
  const match = /count (?:set to )?(-?\d+)/.exec(words);
  return match ? Number(match[1]) : words.startsWith("free") ? 0 : null;
}

function spans(events, lane, x, y, end) {
  const states = laneStates(events, lane);
  const parts = [];
  for (let place = 0; place < states.length; place++) {
    const from = place === 0 ? LEFT : x(place - 1), to = place === events.length ? end : x(place);
    const state = states[place];
    if (lane === 1) {
      if (state === null) continue;
      if (state !== 0) parts.push(draw("rect", { class: "span", x: from, width: to - from, y: y - 9, height: 18 }));
      if (place === 0 || states[place - 1] !== state) {
        parts.push(draw("text", { x: from + (to - from) / 2, y: y + 4, "text-anchor": "middle", class: "code",
          style: state !== 0 ? "fill:var(--on-accent)" : "fill:var(--soft)" }, String(state)));
      }
    } else if (state === true) {
      parts.push(draw("rect", { class: "span", x: from, width: to - from, y: y - 9, height: 18 }));
    }
  }
  return draw("g", { "aria-hidden": "true" }, parts);
}

function guides(events, capture, x, step, height) {
  const parts = [];
  events.forEach((event, place) => {
    parts.push(draw("line", { class: "guide", x1: x(place), x2: x(place), y1: TOP - 12, y2: height - 6 }),
      draw("text", { x: x(place), y: 14, "text-anchor": "middle", class: "strong" }, String(place + 1)),
      broken(event.event).map((words, row) =>
        draw("text", { x: x(place), y: 29 + row * 13, "text-anchor": "middle", class: "code faint" }, short(words, 16))));
    if (place > 0 && event.clock === events[place - 1].clock && event.clock < 2) {
      parts.push(draw("text", { x: x(place) - step / 2, y: 14, "text-anchor": "middle", class: "faint", "font-size": 11 },
        "+" + spanText(capture, events[place - 1].time, event.time)));
    }
  });
  return draw("g", { "aria-hidden": "true" }, parts);
}

// A long name in two rows, broken behind an underscore.
function broken(name) {
  if (name.length <= 16) return [name];
  const place = name.lastIndexOf("_", 15) + 1 || 16;
  return [name.slice(0, place), name.slice(place)];
}

function dot(event, place, x, y, select) {
  const refused = event.change === 3;
  const shape = refused
    ? draw("path", { class: "dot dot-refused", d: `M${x - 5} ${y - 5}l10 10M${x + 5} ${y - 5}l-10 10`, "stroke-width": 2.6 })
    : draw("circle", { class: "dot", cx: x, cy: y, r: 5.5 });
  return draw("g", {
    class: "pick", tabindex: "0", role: "button", "aria-pressed": "false",
    "aria-label": `Event ${place + 1}: ${event.event}, ${refused ? "refused" : LANES[event.lane]}`,
    onclick: () => select(place), onkeydown: (key) => pressed(key, () => select(place)),
  }, draw("rect", { x: x - 22, y: y - 16, width: 44, height: 32, fill: "transparent" }), shape,
  draw("circle", { class: "ring", cx: x, cy: y, r: 11 }));
}

// Of a long chain the first and last events are shown, and those that change the page; a button shows the others.
function fold(rows, events) {
  if (rows.length <= 14) return () => {};
  const hidden = rows.filter((_, place) => place >= 5 && place < rows.length - 5
    && events[place].before === events[place].after);
  if (hidden.length < 3) return () => {};
  hidden.forEach((row) => { row.hidden = true; });
  const more = make("tr", {}, make("td", { colspan: 6 }, make("button", { class: "button", type: "button",
    onclick: () => unfold() }, `Show ${counted(hidden.length, "more event")}`)));
  const unfold = () => {
    hidden.forEach((row) => { row.hidden = false; });
    more.remove();
  };
  unfold.row = more;
  unfold.before = hidden[0];
  return unfold;
}

// The same as a table: the chain of events, oldest first.
function chainTable(capture, item, select) {
  const events = item.detail.events;
  const hasStates = events.some((event) => changeText(event) !== "");
  const rows = events.map((event, place) => make("tr", { "aria-selected": "false", onclick: () => select(place) },
    make("td", {}, String(place + 1)),
    make("td", { class: "mono" }, timeText(capture, event.time, event.clock),
      event.line !== null && make("div", { class: "words" }, "log line " + event.line)),
    make("td", {}, event.cpu < 0 ? "\u2013" : String(event.cpu)), make("td", { class: event.task.length < 22 ? "mono" : "" }, event.task),
    make("td", { class: "event" }, make("b", {}, event.event), " ", make("span", { class: "words" }, event.words)),
    hasStates && make("td", { class: "state" }, changeText(event))));
  const unfold = fold(rows, events);
  const table = make("table", { class: "chain", role: "grid", "aria-label": "Evidence" }, make("thead", {}, make("tr", {},
    ["#", "Time", "CPU", "Task", "Event", ...hasStates ? ["State of the page"] : []].map((name) => make("th", { scope: "col" }, name)))),
  make("tbody", {}, rows));
  const mark = (place) => {
    rows.forEach((row, index) => row.setAttribute("aria-selected", index === place ? "true" : "false"));
    if (rows[place].hidden) unfold();
  };
  if (unfold.row) unfold.before.before(unfold.row);
  return { element: make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Evidence as a table" }, table), mark };
}
