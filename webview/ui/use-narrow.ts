/** Whether the page is narrower than a width, for what style sheets can't decide. */
import { useEffect, useState } from 'preact/hooks';

/** `width` in CSS pixels. */
export function useNarrow(width: number): boolean {
  const query = `(max-width: ${width}px)`;
  const [narrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const look = () => setNarrow(media.matches);
    media.addEventListener('change', look);
    return () => media.removeEventListener('change', look);
  }, [query]);
  return narrow;
}
