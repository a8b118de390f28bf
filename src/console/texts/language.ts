// The languages of the console, by what the browser asks for.

export const LANGUAGES = ['en', 'ja'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Texts of a page, in each language. */
export type Texts<Page> = Readonly<Record<Language, Page>>;

/** @param header `Accept-Language`. @returns the first known language in the browser's order; English without one */
export function languageOf(header: string | undefined): Language {
  const asked = (header ?? '')
    .slice(0, 500)
    .split(',')
    .map((part, place) => {
      const [tag = '', ...parameters] = part.trim().split(';');
      const quality = parameters
        .map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1])
        .find((q) => q !== undefined);
      return { language: tag.toLowerCase().split('-')[0], quality: Number(quality ?? 1), place };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality || a.place - b.place);
  for (const { language } of asked) {
    const known = LANGUAGES.find((each) => each === language);
    if (known !== undefined) return known;
  }
  return 'en';
}
