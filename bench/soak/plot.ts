// Plots values over time as SVG, one panel per series.

export interface Series {
  readonly title: string;
  readonly unit: string;
  readonly values: readonly number[];
}

const WIDTH = 900;
const PANEL = 130;
const LEFT = 70;
const TOP = 30;

/** @param seconds time between two values */
export function plot(title: string, seconds: number, series: readonly Series[]): string {
  const panels = series.map((each, index) => panel(each, TOP + index * PANEL));
  const height = TOP + series.length * PANEL + 20;
  const minutes = ((series[0]?.values.length ?? 0) * seconds) / 60;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<text x="${LEFT}" y="18" font-size="14">${title}</text>`,
    ...panels,
    `<text x="${LEFT}" y="${height - 6}">0</text>`,
    `<text x="${WIDTH - 10}" y="${height - 6}" text-anchor="end">${minutes.toFixed(1)} minutes</text>`,
    '</svg>\n',
  ].join('\n');
}

function panel({ title, unit, values }: Series, top: number): string {
  const most = Math.max(...values, 1) * 1.1;
  const height = PANEL - 30;
  const x = (index: number): number => LEFT + (index / Math.max(1, values.length - 1)) * (WIDTH - LEFT - 10);
  const y = (value: number): number => top + height - (value / most) * height;
  const points = values.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  return [
    `<line x1="${LEFT}" y1="${y(0)}" x2="${WIDTH - 10}" y2="${y(0)}" stroke="#999"/>`,
    `<line x1="${LEFT}" y1="${top}" x2="${LEFT}" y2="${y(0)}" stroke="#999"/>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most.toFixed(0)}</text>`,
    `<text x="${LEFT - 6}" y="${y(0)}" text-anchor="end">0</text>`,
    `<text x="${LEFT + 6}" y="${top + 10}" fill="#555">${title}, ${unit}</text>`,
    `<polyline points="${points}" fill="none" stroke="#06c" stroke-width="1.5"/>`,
  ].join('\n');
}
