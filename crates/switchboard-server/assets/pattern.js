/**
 * The test pattern: a moving picture for machines without a camera. It shows whose it is, and
 * that it moves: a sweep, a ball, a clock and a frame count.
 */

const WIDTH = 640;
const HEIGHT = 360;
const FRAME_RATE = 25;
/** Height of the colour bars. */
const BARS = 22;

/**
 * @param {string} name
 * @returns {import('./media.js').Opened}
 */
export function openPattern(name) {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: false }));
  const hue = hueOf(name);
  const started = performance.now();
  let frame = 0;
  const draw = () => paint(context, { name, hue, seconds: (performance.now() - started) / 1000, frame: frame++ });

  draw();
  const [track] = canvas.captureStream(FRAME_RATE).getVideoTracks();
  const ticker = new Worker(new URL('ticker.js', import.meta.url));
  ticker.onmessage = draw;
  ticker.postMessage(1000 / FRAME_RATE);
  return {
    track,
    stop() {
      ticker.terminate();
      track.stop();
    },
  };
}

/** A colour of one's own, the same wherever the name is shown. @param {string} name @returns {number} degrees */
export function hueOf(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + /** @type {number} */ (char.codePointAt(0))) >>> 0;
  return (hash * 137.508) % 360;
}

function paint(context, { name, hue, seconds, frame }) {
  const sky = context.createLinearGradient(0, 0, WIDTH, HEIGHT);
  sky.addColorStop(0, `hsl(${hue} 42% 30%)`);
  sky.addColorStop(1, `hsl(${hue + 50} 48% 16%)`);
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  paintWaves(context, hue, seconds);
  paintBars(context, seconds);
  paintBall(context, seconds);
  paintText(context, name, seconds, frame);
}

function paintWaves(context, hue, seconds) {
  for (let wave = 0; wave < 3; wave++) {
    context.fillStyle = `hsl(${hue + 20 * wave} 55% 55% / 0.13)`;
    context.beginPath();
    context.moveTo(0, HEIGHT);
    for (let x = 0; x <= WIDTH; x += 16) {
      const y = 190 + wave * 34 + 22 * Math.sin(x / (70 + 25 * wave) + seconds * (0.8 + 0.35 * wave));
      context.lineTo(x, y);
    }
    context.lineTo(WIDTH, HEIGHT);
    context.fill();
  }
}

/** The colour bars of old television, with a light running over them. */
function paintBars(context, seconds) {
  const bars = ['#c8c8c8', '#c8c23c', '#3cc0c8', '#46b45a', '#b450b4', '#c84b46', '#3f5fc4'];
  const width = WIDTH / bars.length;
  const light = ((seconds * 0.4) % 1) * WIDTH;
  bars.forEach((bar, index) => {
    context.fillStyle = bar;
    context.fillRect(index * width, 0, width + 1, BARS);
  });
  context.fillStyle = 'rgb(255 255 255 / 0.65)';
  context.fillRect(light - 14, 0, 28, BARS);
}

function paintBall(context, seconds) {
  const x = WIDTH / 2 + 250 * Math.sin(seconds * 0.9);
  const y = 130 + 80 * Math.sin(seconds * 1.37 + 1);
  context.fillStyle = 'rgb(255 214 140 / 0.25)';
  disc(context, x, y, 30);
  context.fillStyle = '#ffd68c';
  disc(context, x, y, 17);
}

function disc(context, x, y, radius) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}

function paintText(context, name, seconds, frame) {
  context.fillStyle = 'white';
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.font = `600 46px ${FONT}`;
  context.fillText(name, WIDTH / 2, 158, WIDTH - 60);
  context.font = `22px ${FONT}`;
  context.fillStyle = 'rgb(255 255 255 / 0.85)';
  const clock = new Date().toLocaleTimeString('en-GB');
  context.fillText(`${clock}.${Math.floor((seconds * 10) % 10)}   #${frame}`, WIDTH / 2, 206);
}

const FONT = 'system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
