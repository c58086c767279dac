/** Whether the page is narrower or lower than a size, for what style sheets can't decide. */
import { useEffect, useState } from 'preact/hooks';

/** `width` in CSS pixels. */
export const useNarrow = (width: number): boolean => useMedia(`(max-width: ${width}px)`);

/** `height` in CSS pixels. */
export const useLow = (height: number): boolean => useMedia(`(max-height: ${height}px)`);

function useMedia(query: string): boolean {
  const [fits, setFits] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = () => setFits(media.matches);
    look();
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return fits;
}
