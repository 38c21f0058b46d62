// The search box: words, and `key:value` pairs. All of them must hold.

const SPREAD_KEYS = ["captures", "capture", "job", "kernel", "host", "commit"];
const KEYS = ["rule", "pfn", "task", "severity", "verdict", "standing", "first", "last", "cpu", "pages", "seen", "event", "title", "id", "story", ...SPREAD_KEYS];
const SHORT = { sev: "severity", page: "pfn", comm: "task", time: "first" };

// Words between blanks; quotes keep blanks in a word.
function readQuery(query, keys = KEYS) {
  const terms = [];
  for (const match of query.matchAll(/(?:([a-z]+):)?(?:"([^"]*)"?|(\S+))/gi)) {
    const value = (match[2] ?? match[3] ?? "").toLowerCase();
    const name = match[1] && (keys === KEYS && SHORT[match[1].toLowerCase()] || match[1].toLowerCase());
    if (value === "") continue;
    if (name && keys.includes(name)) terms.push({ key: name, value });
    else terms.push({ key: "", value: name ? `${match[1].toLowerCase()}:${value}` : value, unknown: name });
  }
  return terms;
}

function readFrame(text) {
  if (!/^(0x)?[0-9a-f]{1,16}$/.test(text)) return null;
  return BigInt("0x" + text.replace(/^0x/, ""));
}

// `>10`, `<10`, `10`.
function readBound(text) {
  const match = /^([<>]=?|=)?(\d+)$/.exec(text.replace(/,/g, ""));
  if (!match) return null;
  const number = Number(match[2]);
  switch (match[1]) {
    case ">": return (value) => value > number;
    case ">=": return (value) => value >= number;
    case "<": return (value) => value < number;
    case "<=": return (value) => value <= number;
    default: return (value) => value === number;
  }
}

const UNITS = { s: 9, ms: 6, us: 3, "\u00b5s": 3, ns: 0 };

// `>1.5s`, `<=20ms`, `10.353`, `>+3s`: times as they are shown, or from the start of the capture with a plus. A time without a
// sign stands for all times that begin with its digits. Gives a test of stamps behind the start, or a sentence on what is wrong.
function readTime(capture, key, text) {
  const match = /^([<>]=?|=)?(\+)?(\d+)(?:\.(\d+))?(s|ms|us|\u00b5s|ns)?$/.exec(text.replace(/,/g, ""));
  if (!match) return `${key}: wants a time such as >1.5s, <200ms or >+3s (from the start)`;
  const [, sign, plus, whole, rest, unit] = match;
  if (!capture.nanoseconds && (unit || rest)) return `${key}: this clock counts without a unit; give a stamp such as >${capture.start}`;
  const digits = capture.nanoseconds ? UNITS[unit || "s"] : 0;
  const kept = (rest || "").slice(0, digits);
  const time = BigInt(whole + kept.padEnd(digits, "0"));
  const low = Number(plus ? time : time - capture.start);
  const high = low + 10 ** (digits - kept.length) - 1;
  const log = plus ? NaN : Number(time);
  const shift = log - low;
  const of = (test) => (stamp, clock) => clock === 2 ? false : clock === 1 ? test(stamp - shift) : test(stamp);
  switch (sign) {
    case ">": return of((stamp) => stamp > low);
    case ">=": return of((stamp) => stamp >= low);
    case "<": return of((stamp) => stamp < low);
    case "<=": return of((stamp) => stamp <= low);
    default: return of((stamp) => stamp >= low && stamp <= high);
  }
}

// Stamps of all rows as numbers, exact for captures of less than a hundred days.
function stamps(capture, key) {
  capture.stamps = capture.stamps || {};
  if (capture.stamps[key]) return capture.stamps[key];
  const signed = (value) => typeof value === "number" ? value : Number(BigInt.asIntN(64, BigInt(value)));
  const column = new Float64Array(capture.count);
  for (let row = 0; row < capture.count; row++) {
    column[row] = signed(capture.first[row]) + (key === "last" ? signed(capture.last[row]) : 0);
  }
  capture.stamps[key] = column;
  return column;
}

// A test of rows for one term, or a sentence that says what is wrong with the term.
function compile(capture, term) {
  const { key, value } = term;
  const texts = () => {
    const known = new Uint8Array(capture.strings.length);
    capture.lower.forEach((text, place) => { if (text.includes(value)) known[place] = 1; });
    return known;
  };
  const hits = (column) => {
    const known = texts();
    return (row) => known[column[row]] === 1;
  };
  switch (key) {
    case "rule": return hits(capture.rule);
    case "task": return hits(capture.task);
    case "title": return hits(capture.title);
    case "severity": {
      const floor = value.endsWith("+") ? SEVERITIES.indexOf(value.slice(0, -1)) : -1;
      if (floor >= 0) return (row) => capture.severity[row] >= floor;
      const wanted = SEVERITIES.findIndex((name) => name.startsWith(value));
      return wanted < 0 ? `no severity is called ${value}: ${SEVERITIES.join(", ")}`
        : (row) => capture.severity[row] === wanted;
    }
    case "verdict": {
      const wanted = VERDICTS.findIndex((name) => name.startsWith(value));
      return wanted < 0 ? `no verdict is called ${value}: ${VERDICTS.join(", ")}`
        : (row) => capture.verdict[row] === wanted;
    }
    case "standing": {
      const wanted = STANDINGS.findIndex((name) => name.startsWith(value));
      return wanted < 0 ? `no standing is called ${value}: ${STANDINGS.join(", ")}`
        : (row) => capture.standing[row] === wanted;
    }
    case "first": case "last": {
      const test = readTime(capture, key, value);
      if (typeof test === "string") return test;
      const column = stamps(capture, key);
      return (row) => test(column[row], capture.clock[row]);
    }
    case "cpu": case "pages": case "seen": case "story": {
      const bound = readBound(value);
      return bound ? (row) => bound(capture[key][row]) : `${key}: wants a number such as 3 or >3`;
    }
    case "captures": case "capture": case "job": case "kernel": case "host": case "commit": return compileSpread(capture, key, value);
    case "id": return (row) => capture.id[row].toLowerCase().includes(value);
    case "event": return (row) => {
      const detail = capture.details[row];
      return Boolean(detail) && detail[2].some((event) =>
        capture.lower[event[4]].includes(value) || capture.lower[event[5]].includes(value));
    };
    case "pfn": {
      const [low, high] = value.split("-").map(readFrame);
      if (low === null || high === null) return "pfn: wants a frame such as 0x1401 or a range 0x1400-0x17ff";
      return (row) => covers(capture, row, low, high ?? low);
    }
    default: {
      const known = texts();
      const frame = /^0x[0-9a-f]+$/.test(value) ? readFrame(value) : null;
      return (row) => known[capture.title[row]] === 1 || known[capture.task[row]] === 1 || known[capture.rule[row]] === 1
        || capture.id[row].toLowerCase().includes(value) || inEvidence(capture.details[row], known)
        || (frame !== null && covers(capture, row, frame, frame));
    }
  }
}

// True when an event, a state or a function of the evidence has one of the strings.
function inEvidence(detail, known) {
  if (!detail) return false;
  return known[detail[5]] === 1
    || detail[2].some((event) => known[event[3]] || known[event[4]] || known[event[5]] || known[event[6]] || known[event[7]])
    || detail[9].some((path) => path.some((text, place) => place !== 2 && known[text] === 1));
}

// True when the finding's pages touch the closed range.
function covers(capture, row, low, high) {
  const digits = capture.pfn[row];
  if (digits !== "") {
    const frame = BigInt("0x" + digits);
    if (frame >= low && frame <= high) return true;
  }
  const ranges = capture.details[row] ? capture.details[row][0] : [];
  for (let place = 0; place + 1 < ranges.length; place += 2) {
    if (BigInt("0x" + ranges[place]) <= high && BigInt("0x" + ranges[place + 1]) >= low) return true;
  }
  return false;
}

// The rows that a query leaves, in order of weight, and the first complaint about the query.
function filterRows(capture, query) {
  const tests = [];
  let problem = "";
  for (const term of readQuery(query)) {
    const test = compile(capture, term);
    if (term.unknown) {
      problem = problem || `No key is called \u201c${term.unknown}\u201d, so it is searched as words. Keys: ${KEYS.join(", ")}.`;
    }
    if (typeof test === "string") problem = problem || test;
    else tests.push(test);
  }
  const rows = new Uint32Array(capture.count);
  let used = 0;
  next: for (let row = 0; row < capture.count; row++) {
    for (const test of tests) if (!test(row)) continue next;
    rows[used++] = row;
  }
  return { rows: rows.subarray(0, used), problem };
}

const ORDERS = {
  weight: "weight", time: "time", pages: "pages", seen: "times seen", pfn: "page", rule: "rule",
};
const SPREAD_ORDERS = { weight: "weight", captures: "captures", first: "first seen", last: "last seen", seen: "times seen", rule: "rule" };

function ordersOf(capture) { return capture.batch ? SPREAD_ORDERS : ORDERS; }

function sortRows(capture, rows, order) {
  if (order === "weight") return rows;
  const key = sortKeys(capture, order);
  return rows.slice().sort((a, b) => key[a] - key[b] || a - b);
}

function sortKeys(capture, order) {
  capture.keys = capture.keys || {};
  if (capture.keys[order]) return capture.keys[order];
  const key = new Float64Array(capture.count);
  const names = order === "rule"
    ? new Map([...new Set(capture.rule)].sort((a, b) => capture.strings[a] < capture.strings[b] ? -1 : 1)
      .map((place, rank) => [place, rank])) : null;
  for (let row = 0; row < capture.count; row++) {
    switch (order) {
      case "time": key[row] = capture.clock[row] === 0 ? Number(capture.first[row]) : Infinity; break;
      case "pages": key[row] = -capture.pages[row]; break;
      case "seen": key[row] = -capture.seen[row]; break;
      case "pfn": key[row] = capture.pfn[row] === "" ? Infinity : parseInt(capture.pfn[row], 16); break;
      case "captures": case "first": case "last": key[row] = spreadKey(capture, order, row); break;
      case "rule": key[row] = names.get(capture.rule[row]); break;
    }
    if (key[row] === Infinity) key[row] = Number.MAX_VALUE;
  }
  capture.keys[order] = key;
  return key;
}
