import {SIZE, paint, pixelsOf, trace} from "./digit.js";

const PEN = 30;
const PAUSE = 600; // ms after a stroke: a 4 or a 5 has a second one
const PATIENCE = 15000; // ms that a service which is being replaced may be away
const AWAY = [502, 503, 504]; // what the servers say when one behind them does not answer

const byId = (id) => document.getElementById(id);
const pad = byId("pad");
const ink = () => getComputedStyle(document.documentElement).getPropertyValue("--text");
const percent = (share) => `${(share * 100).toFixed(1)}\u00a0%`; // not to be broken

let strokes = []; // what the visitor drew,
let sample = null; // or the test digit that is shown instead: {pixels, label}
let seen = []; // the pixels that the answer is about
let asked = 0; // only the answer to the latest question is shown
let timer = 0;

async function api(path, body) {
  const options = body && {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify(body),
  };
  const response = await patiently(() => fetch(`api/${path}`, options));
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return response.json();
}

// patiently asks again while a service is away. The worst that can come of it is
// an answer that is stored twice.
async function patiently(ask) {
  const deadline = Date.now() + PATIENCE;
  let response = await ask();
  while (AWAY.includes(response.status) && Date.now() < deadline) {
    await new Promise((done) => setTimeout(done, 300));
    response = await ask();
  }
  return response;
}

// The drawing.

function redraw() {
  if (sample) return paint(pad, sample.pixels, ink());
  const context = pad.getContext("2d");
  context.clearRect(0, 0, pad.width, pad.height);
  context.strokeStyle = ink();
  trace(context, strokes, PEN);
}

function pointOf(event) {
  const box = pad.getBoundingClientRect();
  return {
    x: ((event.clientX - box.left) / box.width) * pad.width,
    y: ((event.clientY - box.top) / box.height) * pad.height,
  };
}

function startStroke(event) {
  if (event.button !== 0 || !event.isPrimary) return;
  event.preventDefault();
  clearTimeout(timer);
  if (sample) clear();
  pad.setPointerCapture(event.pointerId);
  strokes.push([pointOf(event)]);
  redraw();
}

function continueStroke(event) {
  if (!event.isPrimary || !pad.hasPointerCapture(event.pointerId)) return;
  // Between two frames a quick finger passes many points.
  const passed = event.getCoalescedEvents?.() ?? [];
  strokes.at(-1).push(...(passed.length ? passed : [event]).map(pointOf));
  redraw();
}

function endStroke(event) {
  if (!event.isPrimary || !strokes.length) return;
  clearTimeout(timer);
  timer = setTimeout(predict, PAUSE);
}

function clear() {
  clearTimeout(timer);
  asked++;
  strokes = [];
  sample = null;
  redraw();
  showNothing("Draw something, or take a test digit.");
}

// The answer.

async function predict() {
  clearTimeout(timer);
  if (!sample && !strokes.length) return showNothing("There is nothing to recognise yet.");
  const turn = ++asked;
  const label = sample?.label;
  const pixels = sample?.pixels ?? pixelsOf(strokes);
  see(pixels);
  await answer(turn, async () => {
    const prediction = await api("predict", {pixels});
    if (turn === asked) showPrediction(prediction, label);
    await showHistory();
  });
}

async function takeSample() {
  clearTimeout(timer);
  const turn = ++asked;
  await answer(turn, async () => {
    const taken = await api("sample");
    if (turn !== asked) return;
    strokes = [];
    sample = taken;
    redraw();
    await predict();
  });
}

async function answer(turn, work) {
  try {
    await work();
  } catch (error) {
    if (turn === asked) showNothing(`No answer: ${error.message}.`, true);
  }
}

function showPrediction({id, digit, probabilities, replica}, label) {
  const words = [`${percent(probabilities[digit])} sure`];
  if (label !== undefined) words.push(label === digit ? "and right" : `but it is a ${label}`);
  showResult(digit, `It is a ${digit}: ${words.join(" ")}. Number ${id} in the database, answered by ${replica}.`);
  byId("result").dataset.id = id;
  byId("result").dataset.digit = digit;
  showBars(probabilities, digit);
}

function showNothing(words, failed = false) {
  showResult("?", words, failed);
  delete byId("result").dataset.id;
  delete byId("result").dataset.digit;
  showBars(Array(10).fill(0));
  if (!failed) see([]);
}

function see(pixels) {
  seen = pixels;
  paint(byId("seen"), seen, ink());
}

function showResult(digit, words, failed = false) {
  byId("result").classList.toggle("failed", failed);
  byId("result").querySelector(".digit").textContent = digit;
  byId("result").querySelector(".words").textContent = words;
}

function makeBars() {
  for (let digit = 0; digit < 10; digit++) {
    const bar = element("li", {}, [
      element("span", {textContent: digit}),
      element("div", {className: "track"}, [element("div", {className: "fill"})]),
      element("span", {className: "percent"}),
    ]);
    bar.dataset.digit = digit;
    byId("bars").append(bar);
  }
}

function showBars(probabilities, best) {
  for (const [digit, bar] of [...byId("bars").children].entries()) {
    bar.dataset.probability = probabilities[digit];
    bar.classList.toggle("best", digit === best);
    bar.style.setProperty("--share", probabilities[digit]);
    bar.querySelector(".percent").textContent = percent(probabilities[digit]);
  }
}

// The history.

async function showHistory() {
  const predictions = await api("history");
  byId("empty").hidden = predictions.length > 0;
  byId("history").replaceChildren(...predictions.map(historyItem));
}

// Canvases keep the colours they were painted in.
function repaint() {
  redraw();
  see(seen);
  showHistory().catch((error) => showNothing(`No history: ${error.message}.`, true));
}

function historyItem({id, at, pixels, digit, probability}) {
  const thumbnail = element("canvas", {width: SIZE, height: SIZE, ariaHidden: "true"});
  paint(thumbnail, pixels, ink());
  const item = element("li", {}, [
    thumbnail,
    element("b", {textContent: digit}),
    element("small", {textContent: percent(probability)}),
    element("small", {textContent: new Date(at).toLocaleTimeString()}),
  ]);
  item.dataset.id = id;
  item.dataset.digit = digit;
  return item;
}

function element(name, properties, children = []) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

pad.addEventListener("pointerdown", startStroke);
pad.addEventListener("pointermove", continueStroke);
pad.addEventListener("pointerup", endStroke);
pad.addEventListener("pointercancel", endStroke);
byId("predict").addEventListener("click", predict);
byId("clear").addEventListener("click", clear);
byId("sample").addEventListener("click", takeSample);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);

makeBars();
clear();
repaint();
