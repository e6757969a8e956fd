/** SVG for the report: bars and curves as text, without scripts or outside assets. Pure. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** Written behind the bar. */
  readonly note: string;
  readonly colour: string;
}

export interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Axis {
  readonly label: string;
  /** Marked values, rising; the first and last are the ends of the axis. */
  readonly ticks: readonly number[];
  readonly show: (value: number) => string;
}

const WIDTH = 640;
const BAR_HEIGHT = 18;
const BAR_STEP = 26;
const LABEL_WIDTH = 200;
const NOTE_WIDTH = 190;

/** Horizontal bars from zero on one scale. */
export function bars(items: readonly Bar[]): string {
  const largest = Math.max(...items.map((item) => item.value), Number.MIN_VALUE);
  const scale = (WIDTH - LABEL_WIDTH - NOTE_WIDTH) / largest;
  const rows = items.map(({ label, value, note, colour }, index) => {
    const y = index * BAR_STEP;
    const length = Math.max(1, value * scale);
    return [
      text(LABEL_WIDTH - 8, y + 13, label, 'end'),
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${length.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${colour}"/>`,
      text(LABEL_WIDTH + length + 6, y + 13, note, 'start'),
    ].join('');
  });
  return svg(items.length * BAR_STEP, rows.join(''));
}

const PLOT = { left: 70, right: 215, top: 12, bottom: 44, height: 260 };

/** Curves over two logarithmic axes. */
export function curves(lines: readonly Curve[], x: Axis, y: Axis): string {
  const plotWidth = WIDTH - PLOT.left - PLOT.right;
  const plotHeight = PLOT.height - PLOT.top - PLOT.bottom;
  const atX = (value: number): number => PLOT.left + plotWidth * share(value, x.ticks);
  const atY = (value: number): number => PLOT.top + plotHeight * (1 - share(value, y.ticks));
  const parts: string[] = [];
  for (const tick of x.ticks) {
    parts.push(grid(atX(tick), PLOT.top, atX(tick), PLOT.top + plotHeight));
    parts.push(text(atX(tick), PLOT.height - PLOT.bottom + 16, x.show(tick), 'middle'));
  }
  for (const tick of y.ticks) {
    parts.push(grid(PLOT.left, atY(tick), PLOT.left + plotWidth, atY(tick)));
    parts.push(text(PLOT.left - 6, atY(tick) + 4, y.show(tick), 'end'));
  }
  parts.push(text(PLOT.left + plotWidth / 2, PLOT.height - 8, x.label, 'middle'));
  for (const [index, { label, colour, points }] of lines.entries()) {
    const path = points.map(([px, py]) => `${atX(px).toFixed(1)},${atY(py).toFixed(1)}`);
    parts.push(`<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    for (const at of path) {
      const [cx, cy] = at.split(',');
      parts.push(`<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
    }
    const legendY = PLOT.top + 10 + index * 20;
    const legendX = WIDTH - PLOT.right + 14;
    parts.push(`<rect x="${legendX}" y="${legendY - 8}" width="12" height="8" fill="${colour}"/>`);
    parts.push(text(legendX + 18, legendY, label, 'start'));
  }
  return `<figcaption>${escapeHtml(y.label)}</figcaption>${svg(PLOT.height, parts.join(''))}`;
}

/** Powers of ten that enclose all values, to be the ticks of an axis. */
export function decades(values: readonly number[]): number[] {
  const positive = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...positive)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive))));
  return Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
}

export function escapeHtml(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Where on a logarithmic axis, from 0 to 1. */
function share(value: number, ticks: readonly number[]): number {
  const low = Math.log(ticks[0]);
  return (Math.log(Math.max(value, ticks[0])) - low) / (Math.log(ticks[ticks.length - 1]) - low);
}

function grid(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="#e3e6ea"/>`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escapeHtml(content)}</text>`;
}

function svg(height: number, content: string): string {
  return `<svg viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">${content}</svg>`;
}
