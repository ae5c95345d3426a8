// From strokes on the pad to the 8x8 pixels that the model knows, in the way the
// data set was made: the digit is cut out, brought to one height, centred, drawn
// on a 32x32 grid, and each pixel counts how much of its 4x4 cells is inked, 0..16.

const GRID = 32;
const CELL = 4;
const FINE = 4; // canvas pixels for one cell of the grid, for smooth edges

// Digits in the data set have about the same amount of ink, whatever their shape:
// a 1 is drawn with a broad pen, an 8 with a narrow one.
const INK = 0.305 * GRID * GRID;
const PEN = {min: 3, max: 9};

export const SIZE = 8;

// strokes: lists of points {x, y}. Returns 64 whole numbers, row by row.
export function pixelsOf(strokes) {
  const box = boundsOf(strokes);
  // The pen's width depends on the scale, and the scale on the room the pen leaves.
  let pen = 5;
  let scale = 1;
  for (let round = 0; round < 4; round++) {
    scale = Math.min((GRID - pen) / Math.max(box.height, 1), (GRID - pen) / Math.max(box.width, 1));
    pen = clamp(INK / Math.max(lengthOf(strokes) * scale, 1), PEN.min, PEN.max);
  }
  return count(render(strokes, box, scale, pen));
}

export function boundsOf(strokes) {
  const points = strokes.flat();
  const left = Math.min(...points.map((p) => p.x));
  const right = Math.max(...points.map((p) => p.x));
  const top = Math.min(...points.map((p) => p.y));
  const bottom = Math.max(...points.map((p) => p.y));
  return {x: (left + right) / 2, y: (top + bottom) / 2, width: right - left, height: bottom - top};
}

function lengthOf(strokes) {
  let length = 0;
  for (const stroke of strokes) {
    for (let i = 1; i < stroke.length; i++) {
      length += Math.hypot(stroke[i].x - stroke[i - 1].x, stroke[i].y - stroke[i - 1].y);
    }
  }
  return length;
}

function render(strokes, box, scale, pen) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = GRID * FINE;
  const context = canvas.getContext("2d", {willReadFrequently: true});
  context.scale(FINE, FINE);
  context.translate(GRID / 2, GRID / 2);
  context.scale(scale, scale);
  context.translate(-box.x, -box.y);
  trace(context, strokes, pen / scale);
  return context;
}

// Draws the strokes with a round pen.
export function trace(context, strokes, pen) {
  context.lineWidth = pen;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    context.moveTo(stroke[0].x, stroke[0].y);
    // A tap is a stroke of one point: to itself, so that the round cap shows.
    for (const point of stroke) context.lineTo(point.x, point.y);
    context.stroke();
  }
}

function count(context) {
  const side = CELL * FINE;
  const pixels = [];
  for (let row = 0; row < SIZE; row++) {
    for (let column = 0; column < SIZE; column++) {
      const {data} = context.getImageData(column * side, row * side, side, side);
      let ink = 0;
      for (let i = 3; i < data.length; i += 4) ink += data[i];
      pixels.push(Math.round((ink / 255 / (side * side)) * CELL * CELL));
    }
  }
  return pixels;
}

// Paints 8x8 pixels over the whole of a canvas.
export function paint(canvas, pixels, colour) {
  const context = canvas.getContext("2d");
  const side = canvas.width / SIZE;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = colour;
  pixels.forEach((value, i) => {
    context.globalAlpha = value / 16;
    context.fillRect((i % SIZE) * side, Math.floor(i / SIZE) * side, side, side);
  });
  context.globalAlpha = 1;
}

function clamp(value, min, max) {
  return Math.min(Math.max(value, min), max);
}
