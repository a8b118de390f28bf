// A file with the numbers of its lines.

/** @returns each line behind its number, all numbers equally wide */
export function numbered(text: string): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  const width = String(lines.length).length;
  return lines.map((line, place) => `${String(place + 1).padStart(width)}  ${line}`).join('\n');
}
