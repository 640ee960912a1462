/**
 * A sparkline as the text of an SVG path. A path takes its colour from the style sheet, is sharp at every zoom,
 * and is touched when a value changed; a hundred canvases would have to be drawn anew with each change of theme.
 */
export interface SparkBox {
  readonly width: number;
  readonly height: number;
}

/**
 * One point a slot, evenly spaced; a null leaves a gap, and a lone point becomes a dash that can be seen.
 *
 * @param ceiling the value at the top; the largest of the values if that is higher
 */
export function linePath(values: readonly (number | null)[], box: SparkBox, ceiling = 0): string {
  const top = Math.max(ceiling, ...values.map((value) => value ?? 0));
  if (top <= 0) return "";
  const step = values.length > 1 ? box.width / (values.length - 1) : box.width;
  const parts: string[] = [];
  let isDown = false;
  values.forEach((value, index) => {
    if (value === null) {
      isDown = false;
      return;
    }
    const x = round(index * step);
    const y = round(box.height - (value / top) * box.height);
    const isAlone = !isDown && (values[index + 1] ?? null) === null;
    parts.push(isDown ? `L${x} ${y}` : `M${x} ${y}`);
    if (isAlone) parts.push(`h${round(Math.min(step, 2))}`);
    isDown = true;
  });
  return parts.join("");
}

/** One bar a slot, standing on the ground; nothing at all is no bar. */
export function barPath(values: readonly number[], box: SparkBox): string {
  const top = Math.max(1, ...values);
  const step = box.width / Math.max(1, values.length);
  return values
    .map((value, index) => {
      if (value <= 0) return "";
      const height = Math.max(1, (value / top) * box.height);
      return `M${round((index + 0.5) * step)} ${round(box.height)}v${round(-height)}`;
    })
    .join("");
}

function round(figure: number): number {
  return Math.round(figure * 10) / 10;
}
