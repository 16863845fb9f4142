// Drawing: points of the plane with the critic's surface, and curves.

const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function sized(canvas) {
  const scale = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
  const width = Math.max(1, Math.round(box.width * scale)), height = Math.max(1, Math.round(box.height * scale));
  if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
  return [canvas.getContext("2d"), width, height, scale];
}

// Real points, made points, surface and arrows in the box [left, right, low, high].
export function plane(canvas, box, real, frame) {
  const [pen, width, height, scale] = sized(canvas);
  const [left, right, low, high] = box;
  const x = (value) => (value - left) / (right - left) * width;
  const y = (value) => height - (value - low) / (high - low) * height;
  pen.clearRect(0, 0, width, height);
  pen.drawImage(ground(canvas, real, frame.surface, x, y, scale), 0, 0);
  dots(pen, frame.made ?? [], x, y, 2.4 * scale, color("--second"));
  pen.strokeStyle = color("--third");
  pen.lineWidth = 1.5 * scale;
  const longest = Math.max(1e-9, ...(frame.arrows ?? []).map(([, , dx, dy]) => Math.hypot(dx, dy)));
  pen.beginPath();
  for (const [px, py, dx, dy] of frame.arrows ?? []) {
    pen.moveTo(x(px), y(py));
    pen.lineTo(x(px) + dx / longest * width / 12, y(py) - dy / longest * width / 12);
  }
  pen.stroke();
}

// What is the same in most frames, the surface and the real points: drawn once, and kept until one of them changes.
const grounds = new WeakMap();
function ground(canvas, real, surface, x, y, scale) {
  const { width, height } = canvas, [ink, light] = [color("--soft"), color("--first")];
  const key = [real, surface, width, height, ink, light], kept = grounds.get(canvas);
  if (kept && key.every((one, k) => one === kept.key[k])) return kept.image;
  const image = new OffscreenCanvas(width, height), pen = image.getContext("2d");
  if (surface) shade(pen, surface, width, height);
  dots(pen, real, x, y, 1.6 * scale, ink);
  grounds.set(canvas, { key, image });
  return image;
}

function dots(pen, points, x, y, size, fill) {
  pen.fillStyle = fill;
  for (const [px, py] of points) pen.fillRect(x(px) - size / 2, y(py) - size / 2, size, size);
}

function shade(pen, { size, values }, width, height) {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor(sorted.length * .02)], high = sorted[Math.floor(sorted.length * .98)];
  pen.fillStyle = color("--first");
  values.forEach((value, k) => {
    const column = k % size, row = size - 1 - Math.floor(k / size);
    const [x, y] = [Math.round(column * width / size), Math.round(row * height / size)];
    pen.globalAlpha = .45 * Math.min(1, Math.max(0, (value - low) / Math.max(1e-9, high - low)));
    pen.fillRect(x, y, Math.round((column + 1) * width / size) - x, Math.round((row + 1) * height / size) - y);
  });
  pen.globalAlpha = 1;
}

const HUES = ["--first", "--second", "--third", "--ink", "--bad", "--soft"];
export const hue = (k) => color(HUES[k % HUES.length]);

// Several curves: {name: [[round, value], ...]}.
export function curve(canvas, lines) {
  const [pen, width, height, scale] = sized(canvas);
  pen.clearRect(0, 0, width, height);
  const every = Object.values(lines).flat().filter(([, value]) => Number.isFinite(value));
  if (!every.length) return;
  const xs = every.map(([t]) => t), ys = every.map(([, value]) => value).sort((a, b) => a - b);
  const first = Math.min(...xs), last = Math.max(...xs, first + 1);
  const low = ys[Math.floor(ys.length * .01)], high = Math.max(ys[Math.floor(ys.length * .99)], low + 1e-6);
  const room = 14 * scale;
  Object.values(lines).forEach((points, k) => {
    pen.strokeStyle = hue(k);
    pen.lineWidth = 1.5 * scale;
    pen.beginPath();
    points.forEach(([t, value], i) => {
      const at = [(t - first) / (last - first) * width, height - room - (value - low) / (high - low) * (height - 2 * room)];
      if (i) pen.lineTo(...at); else pen.moveTo(...at);
    });
    pen.stroke();
  });
  pen.fillStyle = color("--soft");
  pen.font = `${11 * scale}px system-ui`;
  pen.fillText(high.toPrecision(3), 2, 11 * scale);
  pen.fillText(low.toPrecision(3), 2, height - 3 * scale);
  pen.textAlign = "right";
  pen.fillText(String(last), width - 2, height - 3 * scale);
  pen.textAlign = "left";
}
